"""An imaginary service: it changes orders, records events, and applies them as rows of effects."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.sessions import SessionFactory, open_sessions
from libs.events.consumer import Handler
from libs.events.outbox import record
from libs.events.runtime import EventRuntime
from libs.events.settings import EventSettings
from libs.events.tables import OUTBOX
from libs.events.tests.models import Effect, Order
from libs.events.tests.orders import OrderChanged, OrderData, OrderPlaced
from libs.events.tests.streams import SERVICE

WAIT_SECONDS = 60
Apply = Callable[[Any, AsyncSession], Awaitable[None]]


async def note_effect(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
    """Add a row for the application of an event."""
    session.add(Effect(event_id=event.id, order_id=event.subject, version=event.aggregateversion))


def handlers(apply: Apply = note_effect, *, accepts_stale: bool = False) -> Sequence[Handler[Any]]:
    """Return handlers of both events."""
    return [Handler(kind, apply, accepts_stale) for kind in (OrderPlaced, OrderChanged)]


async def change_order(sessions: SessionFactory, order_id: str, note: str = "") -> str:
    """Place or change an order, record the event, and return the event's id once it is committed."""
    async with sessions.begin() as session:
        order = await session.get(Order, order_id)
        if order is None:
            order = Order(id=order_id, version=0)
            session.add(order)
        order.version += 1
        await session.flush()
        kind = OrderPlaced if order.version == 1 else OrderChanged
        event = kind(subject=order_id, aggregateversion=order.version, data=OrderData(note=note))
        await record(session, event)
    return event.id


async def effects(sessions: SessionFactory) -> Sequence[Effect]:
    """Return all effects in the order in which they were applied."""
    async with sessions.read() as session:
        return (await session.scalars(sa.select(Effect).order_by(Effect.number))).all()


async def recorded(sessions: SessionFactory) -> set[str]:
    """Return the ids of all committed events."""
    async with sessions.read() as session:
        return set((await session.scalars(sa.select(OUTBOX.c.id))).all())


async def wait_for_effects(sessions: SessionFactory, count: int) -> Sequence[Effect]:
    """Return the effects once there are so many."""
    async with asyncio.timeout(WAIT_SECONDS):
        while await _count_effects(sessions) < count:  # noqa: ASYNC110  # nothing tells of it but the rows
            await asyncio.sleep(0.02)
    return await effects(sessions)


async def _count_effects(sessions: SessionFactory) -> int:
    async with sessions.read() as session:
        return (await session.execute(sa.select(sa.func.count()).select_from(Effect))).scalar_one()


@asynccontextmanager
async def running(
    sessions: SessionFactory,
    url: str,
    handled: Sequence[Handler[Any]] | None = None,
    *,
    registry: CollectorRegistry | None = None,
    **settings: object,
) -> AsyncIterator[EventRuntime]:
    """Run the relay and the consumer of a process."""
    runtime = EventRuntime(
        EventSettings.model_validate({"events_url": url, "events_max_deliveries": 3} | settings),
        sessions,
        service=SERVICE,
        handlers=handlers() if handled is None else handled,
        registry=registry or CollectorRegistry(),
    )
    async with runtime.running():
        yield runtime


@asynccontextmanager
async def replica(url: str) -> AsyncIterator[SessionFactory]:
    """Open sessions of a further process on a database."""
    sessions = open_sessions(url)
    try:
        yield sessions
    finally:
        await sessions.close()
