"""Reservations hold stock for a buyer until they are cancelled or expire."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI

from libs.auth.testing import TokenFactory
from libs.db.errors import DatabaseError
from libs.db.pruning import Pruner
from libs.web.strict import MAX_INT64
from libs.web.testing import registered
from services.product_service.problems import PROBLEMS
from services.product_service.tests.token_headers import TEA, ann, bob, root

NOWHERE = "00000000-0000-4000-8000-000000000000"
SECONDS = 900


@pytest.fixture
async def product(client: httpx2.AsyncClient, factory: TokenFactory) -> str:
    """The path of a product with three pieces in stock."""
    answer = await client.post("/products", json=TEA, headers=ann(factory))
    return str(answer.headers["location"])


async def _reserve(
    client: httpx2.AsyncClient, product: str, factory: TokenFactory, quantity: int = 2, **headers: str
) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(f"{product}/reservations", json={"quantity": quantity}, headers=bob(factory) | named)


async def _stock(client: httpx2.AsyncClient, product: str, factory: TokenFactory) -> int:
    return int((await client.get(product, headers=ann(factory))).json()["stock"])


async def test_a_reservation_is_a_resource(client: httpx2.AsyncClient, product: str, factory: TokenFactory) -> None:
    """A reservation has an id, a Location from which it can be read, and an expiry time."""
    made = await _reserve(client, product, factory)
    assert made.status_code == 201
    assert made.headers["location"] == f"{product}/reservations/{made.json()['id']}"
    read = await client.get(made.headers["location"], headers=bob(factory))
    assert read.json() == made.json()
    assert read.json() | {"quantity": 2, "expires_at": "2026-01-01T12:15:00Z"} == read.json()
    assert await _stock(client, product, factory) == 1


async def test_a_cancellation_gives_the_pieces_back(
    client: httpx2.AsyncClient, product: str, factory: TokenFactory
) -> None:
    """A cancellation returns the quantity once, however often it is sent."""
    path = (await _reserve(client, product, factory)).headers["location"]
    answers = await asyncio.gather(*(client.delete(path, headers=bob(factory)) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 4
    assert await _stock(client, product, factory) == 3
    assert (await client.get(path, headers=bob(factory))).status_code == 404


async def test_a_reservation_is_its_buyers(client: httpx2.AsyncClient, product: str, factory: TokenFactory) -> None:
    """Another user can neither read nor cancel it, nor under another product; an administrator can."""
    path = (await _reserve(client, product, factory)).headers["location"]
    for headers in (ann(factory), {}):
        assert (await client.get(path, headers=headers)).status_code in (401, 404)
        assert (await client.delete(path, headers=headers)).status_code in (401, 404)
    elsewhere = path.replace(product, f"/products/{NOWHERE}")
    assert (await client.delete(elsewhere, headers=bob(factory))).status_code == 404
    assert (await client.get(path, headers=root(factory))).status_code == 200


async def test_a_repeated_request_reserves_once(
    client: httpx2.AsyncClient, product: str, factory: TokenFactory
) -> None:
    """With the same key each answer is the first one; another quantity under that key is rejected."""
    answers = await asyncio.gather(*(_reserve(client, product, factory, Idempotency_Key="r-1") for _ in range(4)))
    assert len({answer.content for answer in answers}) == 1
    assert await _stock(client, product, factory) == 1
    other = await _reserve(client, product, factory, 1, Idempotency_Key="r-1")
    assert (other.status_code, other.json()["type"]) == (422, "urn:problem:idempotency-key-reused")


async def test_an_expired_reservation_is_gone(
    app: FastAPI, client: httpx2.AsyncClient, product: str, factory: TokenFactory
) -> None:
    """After expiry it cannot be read or cancelled, its quantity is back in stock, and a metric counts it."""
    path = (await _reserve(client, product, factory)).headers["location"]
    await registered(app, Pruner).prune()
    assert await _stock(client, product, factory) == 1
    factory.clock.advance(SECONDS)
    assert (await client.get(path, headers=bob(factory))).status_code == 404
    assert (await client.delete(path, headers=bob(factory))).status_code == 404
    await registered(app, Pruner).prune()
    assert await _stock(client, product, factory) == 3
    assert b'db_pruned_rows_total{kind="reservations"} 1.0' in (await client.get("/metrics")).content


@pytest.mark.parametrize("ends", ["cancelled", "expired"])
async def test_pieces_come_back_to_a_stock_that_is_full(
    app: FastAPI, client: httpx2.AsyncClient, product: str, factory: TokenFactory, ends: str
) -> None:
    """If the owner has set the stock to the largest integer, a returned quantity does not overflow it."""
    path = (await _reserve(client, product, factory)).headers["location"]
    full = {**TEA, "stock": MAX_INT64 - 1}
    assert (await client.put(product, json=full, headers=ann(factory))).status_code == 200
    if ends == "cancelled":
        assert (await client.delete(path, headers=bob(factory))).status_code == 204
    else:
        factory.clock.advance(SECONDS)
        await registered(app, Pruner).prune()
    assert await _stock(client, product, factory) == MAX_INT64


async def test_many_buyers_of_one_product(client: httpx2.AsyncClient, product: str, factory: TokenFactory) -> None:
    """Of fifty concurrent requests each gets a piece, and none gets 503 `busy`."""
    await client.put(product, json={**TEA, "stock": 50}, headers=ann(factory))
    answers = await asyncio.gather(
        *(_reserve(client, product, factory, 1, Idempotency_Key=f"r-{number % 40}") for number in range(50))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 40
    assert await _stock(client, product, factory) == 10


async def test_the_last_piece_twice_under_one_key(
    client: httpx2.AsyncClient, product: str, factory: TokenFactory
) -> None:
    """A request that is repeated while the first one runs gets the response of the first, not 409."""
    answers = await asyncio.gather(*(_reserve(client, product, factory, 3, Idempotency_Key="r-1") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.content for answer in answers}) == 1


def test_no_answer_repeats_the_words_of_a_database() -> None:
    """Each 503 has a fixed message; the error text of the database is only in the log."""
    told = {kind.__name__: problem.detail for kind, problem in PROBLEMS.items() if issubclass(kind, DatabaseError)}
    assert len(told) == 3
    assert None not in told.values()
