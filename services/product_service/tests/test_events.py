"""Events of products are recorded, and the deletion of a user archives the user's products."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import sqlalchemy as sa

from libs.auth.testing import TokenFactory
from libs.db.sessions import SessionFactory, open_sessions
from libs.events.inbox import Inbox, Result
from libs.events.tables import OUTBOX
from services.product_service.events import ProductArchived
from services.product_service.handlers import event_handlers
from services.product_service.models import IdempotencyKey
from services.product_service.settings import ProductSettings
from services.product_service.tests.token_headers import ANN, BOB, KEYED, TEA, Headers, ann, bob
from services.user_service.events import UserDeleted, UserDeletedData


@pytest.fixture
async def sessions(settings: ProductSettings) -> AsyncIterator[SessionFactory]:
    """The database of the service."""
    opened = open_sessions(settings.database)
    yield opened
    await opened.close()


async def _create(client: httpx2.AsyncClient, headers: Headers) -> str:
    made = await client.post("/products", json=TEA, headers=headers)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _archived(sessions: SessionFactory) -> list[tuple[str, str, int]]:
    async with sessions.read() as session:
        payloads = await session.scalars(sa.select(OUTBOX.c.payload).order_by(OUTBOX.c.number))
    events = map(ProductArchived.model_validate_json, payloads)
    return [(each.subject, each.data.owner_id, each.aggregateversion) for each in events]


async def test_a_deleted_product_is_recorded(
    client: httpx2.AsyncClient, sessions: SessionFactory, factory: TokenFactory
) -> None:
    """The request that deletes a product records one event."""
    product = await _create(client, ann(factory))
    for headers in (bob(factory), ann(factory), ann(factory)):
        await client.delete(f"/products/{product}", headers=headers)
    assert await _archived(sessions) == [(product, ANN, 2)]


async def test_the_deletion_of_a_user_archives_their_products(
    client: httpx2.AsyncClient, sessions: SessionFactory, factory: TokenFactory
) -> None:
    """Each product is archived with one event, idempotency keys are deleted, and products of others stay."""
    keyed = ann(factory) | KEYED
    mine = {await _create(client, keyed), await _create(client, ann(factory))}
    other = await _create(client, bob(factory) | KEYED)
    handler = next(each for each in event_handlers(factory.clock) if each.event is UserDeleted)
    inbox = Inbox(sessions, "product_service", seconds=10)
    event = UserDeleted(subject=ANN, aggregateversion=2, data=UserDeletedData())

    results = [await inbox.apply(handler, event) for _ in range(2)]

    assert results == [Result.APPLIED, Result.DUPLICATE]
    listed = (await client.get("/products", headers=bob(factory))).json()["items"]
    assert [each["id"] for each in listed] == [other]
    assert sorted(await _archived(sessions)) == sorted((product, ANN, 2) for product in mine)
    async with sessions.read() as session:
        assert list(await session.scalars(sa.select(IdempotencyKey.owner_id))) == [BOB]
