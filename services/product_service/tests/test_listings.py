"""Lists of products: with any sort and filters, the pages show each match once and in order."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product as combinations
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from libs.auth.testing import TokenFactory
from libs.web.pagination import Cursor
from services.product_service.tests.token_headers import ANN, BOB, Headers, ann, bob

Item = Mapping[str, Any]
Query = dict[str, str]
Fetch = Callable[[Query], Awaitable[Any]]

_NAMES = ("Tea", "tea", "Green tea", "Äpfel", "zebra", "\U0001f375")
_KEYS: Mapping[str, Callable[[Item], Any]] = {
    "created_at": lambda item: item["created_at"],
    "price": lambda item: item["price_cents"],
    "name": lambda item: item["name"],
}
_FILTERS: Mapping[str, Callable[[Item, str], bool]] = {
    "owner": lambda item, value: bool(item["owner_id"] == value),
    "min_price_cents": lambda item, value: bool(item["price_cents"] >= int(value)),
    "max_price_cents": lambda item, value: bool(item["price_cents"] <= int(value)),
    "in_stock": lambda item, value: (item["stock"] > 0) is (value == "true"),
    "q": lambda item, value: any(word.startswith(value) for word in item["name"].lower().split()),
}
_SORTS = [sign + name for sign in ("", "-") for name in _KEYS]

queries = some.fixed_dictionaries(
    {"sort": some.sampled_from(_SORTS), "limit": some.sampled_from(["1", "3", "7", "100"])},
    optional={
        "owner": some.sampled_from([ANN, BOB]),
        "min_price_cents": some.sampled_from(["0", "2", "3"]),
        "max_price_cents": some.sampled_from(["0", "1", "3"]),
        "in_stock": some.sampled_from(["true", "false"]),
        "q": some.sampled_from(["t", "tea", "gre", "x"]),
    },
)
_on_this_client = settings(
    max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def fetch(client: httpx2.AsyncClient, factory: TokenFactory) -> Fetch:
    """Reads one page."""

    async def page(query: Query) -> Any:  # noqa: ANN401  # JSON
        answer = await client.get("/products", params=query, headers=ann(factory))
        assert answer.status_code == 200, answer.text
        return answer.json()

    return page


@pytest.fixture
async def items(client: httpx2.AsyncClient, factory: TokenFactory) -> list[Item]:
    """A small catalogue in which many products have equal sort values."""
    made = []
    for number, (name, price) in enumerate(combinations(_NAMES, (0, 1, 3))):
        factory.clock.advance(number % 2)
        body = {"name": name, "price_cents": price, "stock": number % 3}
        made.append((await _make(client, (ann if number % 4 else bob)(factory), body)).json())
    return made


@_on_this_client
@given(query=queries)
async def test_pages_show_each_match_once(items: list[Item], fetch: Fetch, query: Query) -> None:
    """Under any filters and any sort, on pages of any size."""
    found = [item async for item in _walk(fetch, query)]
    assert sorted(each["id"] for each in found) == sorted(each["id"] for each in _matches(items, query))
    field, is_descending = query["sort"].removeprefix("-"), query["sort"].startswith("-")
    places = [(_KEYS[field](item), item["id"]) for item in found]
    assert places == sorted(places, reverse=is_descending)


@pytest.mark.parametrize("sort", _SORTS)
async def test_pages_show_what_stays(
    client: httpx2.AsyncClient, factory: TokenFactory, items: list[Item], fetch: Fetch, sort: str
) -> None:
    """A product that exists all the time is shown once, while others with equal sort values are added and deleted."""
    shown: list[str] = []
    passing: list[httpx2.Response] = []
    async for item in _walk(fetch, {"sort": sort, "limit": "4"}):
        shown.append(item["id"])
        passing.append(await _make(client, ann(factory), {"name": item["name"], "price_cents": item["price_cents"]}))
        if len(passing) > 2:
            await client.delete(passing[-3].headers["location"], headers=ann(factory))
        assert len(shown) < 200
    assert len(shown) == len(set(shown))
    assert {item["id"] for item in items} <= set(shown)


@pytest.mark.parametrize("other", [{"sort": "name"}, {"sort": "created_at"}, {"min_price_cents": "1"}, {"q": "tea"}])
@pytest.mark.usefixtures("items")
async def test_a_cursor_is_for_its_own_list(
    client: httpx2.AsyncClient, factory: TokenFactory, fetch: Fetch, other: Query
) -> None:
    """With another sort or other filters it is refused, and the response has the reason."""
    cursor = (await fetch({"sort": "price", "limit": "2"}))["next"]
    answer = await client.get("/products", params={"sort": "price", "cursor": cursor} | other, headers=ann(factory))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:problem:foreign-cursor"
    assert (await fetch({"sort": "price", "cursor": cursor, "limit": "100"}))["next"] is None


async def test_a_forged_place_of_another_kind_is_refused(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A cursor with text for a numeric sort value is refused before the database is queried."""
    await _make(client, ann(factory), {"name": "Tea", "price_cents": 1})
    await _make(client, ann(factory), {"name": "Tea", "price_cents": 2})
    cursor = (await client.get("/products?sort=price&limit=1", headers=ann(factory))).json()["next"]
    forged = replace(Cursor.decode(cursor), value="1").encode()
    answer = await client.get(f"/products?sort=price&cursor={forged}", headers=ann(factory))
    assert answer.status_code == 422, answer.text


async def _make(client: httpx2.AsyncClient, owner: Headers, body: Mapping[str, object]) -> httpx2.Response:
    answer = await client.post("/products", json=body, headers=owner)
    assert answer.status_code == 201, answer.text
    return answer


async def _walk(fetch: Fetch, query: Query) -> AsyncIterator[Item]:
    page = await fetch(query)
    for _ in range(200):
        for item in page["items"]:
            yield item
        if page["next"] is None:
            return
        page = await fetch(query | {"cursor": page["next"]})
    raise AssertionError("the list has no end")


def _matches(items: list[Item], query: Query) -> Iterator[Item]:
    wanted = {name: value for name, value in query.items() if name in _FILTERS}
    return (item for item in items if all(_FILTERS[name](item, value) for name, value in wanted.items()))
