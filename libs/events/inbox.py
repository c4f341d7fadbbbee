"""The inbox: an event is applied once, and a stale one never overwrites newer state.

The note that an event was applied commits with its effect. JetStream delivers at least once; the second delivery finds
the note.
"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.sessions import SessionFactory, retry_on_conflict
from libs.events.consumer import Handler
from libs.events.event import Attributes, Event
from libs.events.tables import INBOX, VERSIONS


class Result(StrEnum):
    """The outcome of an event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    STALE = "stale"


class Inbox:
    """The inbox of one consumer."""

    def __init__(self, sessions: SessionFactory, consumer: str, *, seconds: float) -> None:
        """`seconds` is the longest time of one attempt."""
        self._sessions = sessions
        self._consumer = consumer
        self._seconds = seconds
        self._insert = sqlite.insert if sessions.is_sqlite else postgresql.insert

    async def has(self, event_id: str) -> bool:
        """Whether the event was applied, or skipped as stale."""
        found = sa.select(INBOX.c.event_id).where(INBOX.c.consumer == self._consumer, INBOX.c.event_id == event_id)
        async with self._sessions.read() as session:
            return await session.scalar(found) is not None

    @retry_on_conflict
    async def apply(self, handler: Handler[Any], event: Event[Any]) -> Result:
        """Apply the event once.

        Raises:
            TimeoutError: the handler took too long. Nothing is committed.
        """
        async with self._sessions.begin() as session:
            if not await self._add(session, event):
                return Result.DUPLICATE
            is_newest = await self._advance(session, event)
            if not is_newest and not handler.accepts_stale:
                return Result.STALE
            async with asyncio.timeout(self._seconds):
                await handler.apply(event, session)
        return Result.APPLIED

    async def _add(self, session: AsyncSession, event: Attributes) -> bool:
        """Note the event, and return whether it is new."""
        row = {"consumer": self._consumer, "event_id": event.id, "applied_at": datetime.now(UTC)}
        statement = self._insert(INBOX).values(row).on_conflict_do_nothing().returning(INBOX.c.event_id)
        return await session.scalar(statement) is not None

    async def _advance(self, session: AsyncSession, event: Attributes) -> bool:
        """Note the version of the aggregate, and return False when a newer one is known."""
        insert = self._insert(VERSIONS).values(
            consumer=self._consumer, aggregate=event.aggregate, subject=event.subject, version=event.aggregateversion
        )
        statement = insert.on_conflict_do_update(
            index_elements=list(VERSIONS.primary_key),
            set_={"version": insert.excluded.version},
            where=VERSIONS.c.version <= insert.excluded.version,
        )
        return await session.scalar(statement.returning(VERSIONS.c.version)) is not None


async def applied_versions(
    session: AsyncSession, subjects: Collection[str], *, consumer: str, aggregate: str
) -> Mapping[str, int]:
    """Return the newest version of each of these aggregates that a consumer has applied, where it knows one.

    What the consumer has cached of an aggregate is out of date once the version has changed.
    """
    statement = sa.select(VERSIONS.c.subject, VERSIONS.c.version).where(
        VERSIONS.c.consumer == consumer, VERSIONS.c.aggregate == aggregate, VERSIONS.c.subject.in_(subjects)
    )
    rows = await session.execute(statement)
    return dict(rows.all())


async def prune_inbox(session: AsyncSession, limit: int, *, retention: timedelta) -> int:
    """Delete up to `limit` notes that are older than `retention`."""
    key = (INBOX.c.consumer, INBOX.c.event_id)
    rows = sa.select(*key).where(INBOX.c.applied_at < datetime.now(UTC) - retention).limit(limit)
    done = await session.execute(sa.delete(INBOX).where(sa.tuple_(*key).in_(rows)))
    return cast("sa.CursorResult[Any]", done).rowcount
