"""Invalid input: every case is a 4xx with a problem document, and nothing is stored."""

import httpx2
import pytest

from libs.auth.testing import AUDIENCE, ISSUER, TokenFactory
from libs.web.invalid_requests import accepted
from services.product_service.app import create_app
from services.product_service.settings import ProductSettings
from services.product_service.tests.token_headers import TEA, ann

JSON = {"Content-Type": "application/json"}


async def test_every_operation_is_strict(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Every operation rejects invalid requests, and the response has the place of the error."""
    made = await client.post("/products", json=TEA, headers=ann(factory))
    path = f"{made.headers['location']}/reservations"
    reserved = await client.post(path, json={"quantity": 1}, headers=ann(factory))
    before = await client.get("/products", headers=ann(factory))
    described = create_app(ProductSettings(issuer=ISSUER, audience=AUDIENCE))
    places = {"product_id": made.json()["id"], "reservation_id": reserved.json()["id"]}
    assert await accepted(described, client, ann(factory), places) == []
    assert (await client.get("/products", headers=ann(factory))).content == before.content


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "Tea", "price_cents": NaN}',
        b'{"name": "Tea", "price_cents": Infinity}',
        b'{"name": "Tea", "price_cents": 1, "price_cents": 2}',
        b'{"name": "T\\ud800", "price_cents": 1}',
        b'{"name": "Tea", "description": "\\udfff", "price_cents": 1}',
        b'{"name": "T\\u0000a", "price_cents": 1}',
        b'{"n\\u0000": "Tea", "price_cents": 1}',
        b'\xef\xbb\xbf{"name": "Tea", "price_cents": 1}',
        '{"name": "Tea", "price_cents": 1}'.encode("utf-16"),
        b'{"name": "T\xff", "price_cents": 1}',
        b'{"name": "Tea", "price_cents": 1',
        b"[" * 100_000,
        b'{"name": "Tea", "price_cents": ' + b"1" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_what_is_not_json_is_malformed(client: httpx2.AsyncClient, factory: TokenFactory, body: bytes) -> None:
    """A document that parsers could read differently is 400."""
    answer = await client.post("/products", content=body, headers=ann(factory) | JSON)
    await _assert_refused(client, factory, answer, status=400)


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1},
        {"id": "11111111-1111-4111-8111-111111111111"},
        {"owner_id": "11111111-1111-4111-8111-111111111111"},
        {"price_cents": True},
        {"price_cents": "450"},
        {"price_cents": 4.5},
        {"price_cents": 450.0},
        {"price_cents": None},
        {"price_cents": -1},
        {"price_cents": 2**63},
        {"stock": 2**63},
        {"stock": -1},
        {"stock": 10**30},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 201},
        {"name": "two\nlines"},
        {"name": 1},
        {"name": ["Tea"]},
        {"description": "x" * 5001},
        {"description": None},
    ],
    ids=repr,
)
async def test_what_is_no_product_is_invalid(
    client: httpx2.AsyncClient, factory: TokenFactory, changes: dict[str, object]
) -> None:
    """JSON that is not a valid product is 422, and the response points at the error."""
    body = {"name": "Tea", "price_cents": 450} | changes
    answer = await client.post("/products", json=body, headers=ann(factory))
    await _assert_refused(client, factory, answer, status=422)
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{next(iter(changes))}"]


@pytest.mark.parametrize("price", [0, 2**31 - 1, 2**31, 2**63 - 1])
async def test_every_price_that_fits_is_kept(client: httpx2.AsyncClient, factory: TokenFactory, price: int) -> None:
    """Prices may exceed 32 bits."""
    answer = await client.post("/products", json={"name": "Tea", "price_cents": price}, headers=ann(factory))
    read = await client.get(answer.headers["location"], headers=ann(factory))
    assert read.json()["price_cents"] == price


@pytest.mark.parametrize("name", ["100% _wool_", "'; DROP TABLE products; --", "\\", "日本語 🍵", "e\u0301", "\u202e"])
async def test_text_is_data(client: httpx2.AsyncClient, factory: TokenFactory, name: str) -> None:
    """Text with SQL syntax, characters outside ASCII or invisible control characters is stored unchanged."""
    answer = await client.post("/products", json={"name": name, "price_cents": 1}, headers=ann(factory))
    read = await client.get(answer.headers["location"], headers=ann(factory))
    assert read.json()["name"] == name


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=101",
        "limit=1e2",
        "limit=x",
        "limit=",
        "limit=9223372036854775808",
        "cursor=",
        "cursor=x",
        "cursor=%00",
        "cursor=WzEsIngiXQ==",
        "cursor=WzFlNDAwLCJ4Il0",
        "cursor=W3RydWUsIngiXQ",
        "cursor=%ff",
        "owner=ann",
        "owner=%00",
        "unknown=1",
    ],
)
async def test_a_query_that_is_not_ours_is_invalid(
    client: httpx2.AsyncClient, factory: TokenFactory, query: str
) -> None:
    """A limit out of range, a forged cursor and an unknown parameter are 422."""
    answer = await client.get(f"/products?{query}", headers=ann(factory))
    await _assert_refused(client, factory, answer, status=422)


@pytest.mark.parametrize(
    "product_id", ["1", "x" * 300, "%00", "%ff", "11111111111141118111111111111111", "1' OR '1'='1"]
)
async def test_what_is_no_id_is_invalid(client: httpx2.AsyncClient, factory: TokenFactory, product_id: str) -> None:
    """Only the canonical form of an id is accepted."""
    answer = await client.get(f"/products/{product_id}", headers=ann(factory))
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/xml",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
    ],
)
async def test_a_body_that_does_not_say_json_is_unsupported(
    client: httpx2.AsyncClient, factory: TokenFactory, content_type: str
) -> None:
    """A form of another site, sent by a browser, is not accepted as a JSON request."""
    headers = ann(factory) | {"Content-Type": content_type}
    answer = await client.post("/products", content=b'{"name": "Tea", "price_cents": 1}', headers=headers)
    await _assert_refused(client, factory, answer, status=415)
    assert answer.headers["accept"] == "application/json"


async def test_a_body_over_the_limit_is_refused_unread(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A body over the limit is 413, whether its length is announced or it is streamed."""
    announced = await client.post("/products", content=b"x" * 1_048_577, headers=ann(factory) | JSON)
    await _assert_refused(client, factory, announced, status=413)

    async def chunks() -> object:
        for _ in range(20):
            yield b" " * 65_536

    streamed = await client.post("/products", content=chunks(), headers=ann(factory) | JSON)  # type: ignore[arg-type]
    await _assert_refused(client, factory, streamed, status=413)


async def _assert_refused(
    client: httpx2.AsyncClient, factory: TokenFactory, answer: httpx2.Response, *, status: int
) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert (await client.get("/products", headers=ann(factory))).json()["items"] == []
