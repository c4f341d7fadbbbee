"""The outbox: events are rows that are committed with the change that they describe.

    async with sessions.begin() as session:
        user.name = name
        await record(session, UserRenamed(subject=user.id, ...))

Events of one aggregate are published in the order in which they were recorded. Two transactions that change the same
aggregate therefore lock its row, by writing it, before they record.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from weakref import WeakSet

import sqlalchemy as sa
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from libs.db.sessions import SessionFactory
from libs.events.errors import EventTooLarge
from libs.events.event import Event
from libs.events.tables import OUTBOX

MAX_BYTES = 512 * 1024
"""Largest event, in bytes. A message of NATS has at most 1 MiB by default, a dead letter's headers included."""

_REPLAY_BATCH = 1000
_propagator = TraceContextTextMapPropagator()
_waiting: WeakSet[asyncio.Event] = WeakSet()


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the outbox, as the relay publishes it."""

    number: int
    id: str
    aggregate: str
    subject: str
    nats_subject: str
    payload: str


@dataclass(frozen=True, slots=True)
class Lag:
    """The number of recorded events that are not published, and the age of the oldest in seconds."""

    rows: int
    seconds: float


async def record(session: AsyncSession, *events: Event[Any]) -> None:
    """Write the events to the outbox in the transaction of `session`, with the trace context of the caller.

    Raises:
        EventTooLarge: an event has more than 512 KiB.
    """
    if not events:
        return
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    rows = [_row(event, carrier.get("traceparent", event.traceparent)) for event in events]
    await session.execute(sa.insert(OUTBOX), rows)
    sa.event.listen(session.sync_session, "after_commit", _wake, once=True)


@contextmanager
def commits() -> Iterator[asyncio.Event]:
    """Return an event of asyncio that is set whenever this process commits a recorded event."""
    woken = asyncio.Event()
    _waiting.add(woken)
    try:
        yield woken
    finally:
        _waiting.discard(woken)


async def unpublished(session: AsyncSession, limit: int) -> Sequence[Message]:
    """Return the oldest events that are not published, in the order in which they were recorded."""
    columns = (OUTBOX.c[name] for name in ("number", "id", "aggregate", "subject", "nats_subject", "payload"))
    statement = sa.select(*columns).where(OUTBOX.c.published_at.is_(None)).order_by(OUTBOX.c.number).limit(limit)
    return [Message(*row) for row in await session.execute(statement)]


async def mark_published(session: AsyncSession, numbers: Sequence[int]) -> None:
    """Note that JetStream has acknowledged these rows."""
    await session.execute(sa.update(OUTBOX).where(OUTBOX.c.number.in_(numbers)).values(published_at=datetime.now(UTC)))


async def lag(session: AsyncSession) -> Lag:
    """Return the lag of publication."""
    statement = sa.select(sa.func.count(), sa.func.min(OUTBOX.c.recorded_at)).where(OUTBOX.c.published_at.is_(None))
    rows, oldest = (await session.execute(statement)).one()
    return Lag(rows, max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0)


async def replay(sessions: SessionFactory, since: datetime) -> int:
    """Mark the events recorded since `since` for publication again, and return their number.

    Consumers ignore events that they have applied, so a `since` that is too early does no harm.
    """
    return sum([count async for count in _replay_batches(sessions, since)])


async def prune_outbox(session: AsyncSession, limit: int, *, retention: timedelta) -> int:
    """Delete up to `limit` published events that are older than `retention`; an unpublished one is never deleted."""
    expired = sa.and_(OUTBOX.c.published_at.is_not(None), OUTBOX.c.recorded_at < datetime.now(UTC) - retention)
    rows = sa.select(OUTBOX.c.number).where(expired).limit(limit)
    done = await session.execute(sa.delete(OUTBOX).where(OUTBOX.c.number.in_(rows)))
    return cast("sa.CursorResult[Any]", done).rowcount


async def _replay_batches(sessions: SessionFactory, since: datetime) -> AsyncIterator[int]:
    """Reset rows in ascending order, because a running relay publishes and marks earlier ones meanwhile."""
    after = 0
    while True:
        async with sessions.begin(read_committed=True) as session:
            chosen = sa.select(OUTBOX.c.number).where(OUTBOX.c.recorded_at >= since, OUTBOX.c.number > after)
            numbers = (await session.scalars(chosen.order_by(OUTBOX.c.number).limit(_REPLAY_BATCH))).all()
            if not numbers:
                return
            await session.execute(sa.update(OUTBOX).where(OUTBOX.c.number.in_(numbers)).values(published_at=None))
        after = numbers[-1]
        yield len(numbers)


def _row(event: Event[Any], traceparent: str | None) -> dict[str, object]:
    payload = event.model_copy(update={"traceparent": traceparent}).model_dump_json(exclude_none=True)
    size = len(payload.encode())
    if size > MAX_BYTES:
        raise EventTooLarge(event.type, size, MAX_BYTES)
    return {
        "id": event.id,
        "aggregate": event.aggregate,
        "subject": event.subject,
        "nats_subject": event.nats_subject,
        "payload": payload,
        "recorded_at": datetime.now(UTC),
    }


def _wake(_: Session) -> None:
    for woken in _waiting:
        woken.set()
