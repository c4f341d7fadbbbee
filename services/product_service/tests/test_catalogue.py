"""Creating, reading, changing, deleting and reserving products over HTTP."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI

from libs.auth.testing import TokenFactory
from libs.db.pruning import Pruner
from libs.web.testing import registered
from services.product_service.schemas.products import ProductInput
from services.product_service.tests.token_headers import ANN, TEA, ann, bob, root

NOWHERE = "/products/00000000-0000-4000-8000-000000000000"


async def _create(client: httpx2.AsyncClient, factory: TokenFactory, **changes: object) -> str:
    answer = await client.post("/products", json=TEA | changes, headers=ann(factory))
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def test_a_created_product_is_read_back(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """The response has Location and ETag of the product, and another user may read it."""
    created = await client.post("/products", json=TEA, headers=ann(factory))
    read = await client.get(created.headers["location"], headers=bob(factory))
    assert created.status_code == 201
    assert read.json() == created.json()
    assert read.headers["etag"] == created.headers["etag"] == '"1"'
    assert read.json() | TEA | {"owner_id": ANN, "version": 1} == read.json()


async def test_a_change_shows_and_raises_the_version(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A PUT replaces all fields; omitted ones get their defaults."""
    path = await _create(client, factory)
    changed = await client.put(path, json={"name": "Green tea", "price_cents": 500}, headers=ann(factory))
    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    read = (await client.get(path, headers=ann(factory))).json()
    assert (read["name"], read["description"], read["stock"]) == ("Green tea", "", 0)


async def test_a_deleted_product_is_gone_for_everybody(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """No user, not even an administrator, can read, list or delete it again."""
    path = await _create(client, factory)
    assert (await client.delete(path, headers=ann(factory))).status_code == 204
    for headers in (ann(factory), root(factory)):
        assert (await client.get(path, headers=headers)).status_code == 404
        assert (await client.delete(path, headers=headers)).status_code == 404
    assert (await client.get("/products", headers=ann(factory))).json() == {"items": [], "next": None}


async def test_anothers_product_cannot_be_changed(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A change by another user is refused as if the product did not exist; an administrator may change it."""
    path = await _create(client, factory)
    missing = await client.put(NOWHERE, json=TEA, headers=bob(factory))
    refused = await client.put(path, json=TEA, headers=bob(factory))
    assert refused.status_code == missing.status_code == 404
    assert refused.json().keys() == missing.json().keys()
    assert (await client.delete(path, headers=bob(factory))).status_code == 404
    assert (await client.put(path, json=TEA, headers=root(factory))).status_code == 200


async def test_a_stale_version_is_refused(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A change or deletion with an outdated `If-Match` gets 412."""
    path = await _create(client, factory)
    seen = ann(factory) | {"If-Match": '"1"'}
    assert (await client.put(path, json=TEA, headers=seen)).status_code == 200
    for answer in (await client.put(path, json=TEA, headers=seen), await client.delete(path, headers=seen)):
        assert answer.status_code == 412
        assert answer.json()["type"] == "urn:problem:version-conflict"
    assert (await client.delete(path, headers=ann(factory) | {"If-Match": '"2"'})).status_code == 204


@pytest.mark.parametrize("tag", ["1", 'W/"1"', '"x"', '"1", "2"', '""', ""])
async def test_what_is_no_tag_of_ours_is_invalid(client: httpx2.AsyncClient, factory: TokenFactory, tag: str) -> None:
    """A malformed precondition is rejected, never ignored."""
    path = await _create(client, factory)
    assert (await client.put(path, json=TEA, headers=ann(factory) | {"If-Match": tag})).status_code == 422


async def test_two_changes_of_one_version_meet(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Of concurrent changes of one version, one succeeds."""
    path = await _create(client, factory)
    seen = ann(factory) | {"If-Match": '"1"'}
    answers = await asyncio.gather(*(client.put(path, json=TEA, headers=seen) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


async def test_an_idempotency_key_makes_one_product(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A repeated request returns the product of the first one, also when both are concurrent."""
    keyed = ann(factory) | {"Idempotency-Key": "order-1"}
    answers = await asyncio.gather(*(client.post("/products", json=TEA, headers=keyed) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await client.get("/products", headers=ann(factory))).json()["items"]) == 1


async def test_an_idempotency_key_is_for_one_request_of_one_owner(
    client: httpx2.AsyncClient, factory: TokenFactory
) -> None:
    """A key with other content is refused; the same key of another owner is independent."""
    key = {"Idempotency-Key": "order-1"}
    first = await client.post("/products", json=TEA, headers=ann(factory) | key)
    other = await client.post("/products", json=TEA | {"stock": 9}, headers=ann(factory) | key)
    bobs = await client.post("/products", json=TEA, headers=bob(factory) | key)
    assert other.status_code == 422
    assert bobs.status_code == 201
    assert bobs.json()["id"] != first.json()["id"]


async def test_a_repeated_request_gets_the_first_answer(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """It gets that response even after the product has changed or is deleted."""
    keyed = ann(factory) | {"Idempotency-Key": "order-1"}
    first = await client.post("/products", json=TEA, headers=keyed)
    path = first.headers["location"]
    for change in (
        client.put(path, json=TEA | {"name": "Changed"}, headers=ann(factory)),
        client.delete(path, headers=ann(factory)),
    ):
        assert (await change).is_success
        again = await client.post("/products", json=TEA, headers=keyed)
        assert (again.status_code, again.content) == (201, first.content)
        assert (again.headers["location"], again.headers["etag"]) == (path, '"1"')


async def test_a_key_is_forgotten_after_a_day(app: FastAPI, client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """After a day the key makes a new product, and the old row is deleted."""
    keyed = {"Idempotency-Key": "order-1"}
    first = await client.post("/products", json=TEA, headers=ann(factory) | keyed)
    factory.clock.advance(24 * 60 * 60 + 1)
    await registered(app, Pruner).prune()
    again = await client.post("/products", json=TEA, headers=ann(factory) | keyed)
    assert again.json()["id"] != first.json()["id"]


async def test_every_field_comes_back_as_it_was_put(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Each field of a change is stored; a field that the service ignored would keep its old value."""
    path = await _create(client, factory)
    for number in (7, 8):
        body = {
            name: f"{name} {number}" if field.annotation is str else number
            for name, field in ProductInput.model_fields.items()
        }
        put = await client.put(path, json=body, headers=ann(factory))
        assert put.status_code == 200, put.text
        read = (await client.get(path, headers=ann(factory))).json()
        assert read == put.json()
        assert read | body == read


async def test_fifty_buyers_never_get_more_than_there_is(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Of fifty concurrent reservations of one piece each, with twenty in stock, twenty succeed."""
    path = await _create(client, factory, stock=20)
    one = {"quantity": 1}
    answers = await asyncio.gather(
        *(client.post(f"{path}/reservations", json=one, headers=bob(factory)) for _ in range(50))
    )
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (20, 30)
    assert (await client.get(path, headers=ann(factory))).json()["stock"] == 0


async def test_a_reservation_is_all_or_nothing(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """A reservation of more than the stock is refused, and the error has the stock."""
    path = await _create(client, factory, stock=3)
    refused = await client.post(f"{path}/reservations", json={"quantity": 4}, headers=bob(factory))
    assert refused.status_code == 409
    assert "3 of product" in refused.json()["detail"]
    assert (await client.post(f"{NOWHERE}/reservations", json={"quantity": 1}, headers=bob(factory))).status_code == 404


async def test_pages_show_every_product_once(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Newest first, without gap or repetition, also with equal times and while products are added."""
    made = []
    for number in range(7):
        made.append((await _create(client, factory, name=f"Tea {number}")).rpartition("/")[2])
        factory.clock.advance(number % 2)
    seen, query = [], {"limit": "3"}
    while True:
        page = (await client.get("/products", params=query, headers=ann(factory))).json()
        assert len(page["items"]) <= 3
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
        factory.clock.advance(1)
        await _create(client, factory, name="Later")
    assert sorted(seen) == sorted(made)


async def test_a_list_can_be_of_one_owner(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Page after page of Ann's products, none of Bob's."""
    mine = {(await _create(client, factory)).rpartition("/")[2] for _ in range(2)}
    await client.post("/products", json=TEA, headers=bob(factory))
    query = {"owner": ANN, "limit": "1"}
    first = (await client.get("/products", params=query, headers=bob(factory))).json()
    second = (await client.get("/products", params=query | {"cursor": first["next"]}, headers=bob(factory))).json()
    assert {first["items"][0]["id"], second["items"][0]["id"]} == mine
    assert second["next"] is None
