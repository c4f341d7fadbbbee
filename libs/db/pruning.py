"""Deletion of expired rows in the background: in batches, by one replica at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias, cast

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase

from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory, retry_on_conflict

_log = logging.getLogger(__name__)

PruneBatch: TypeAlias = Callable[[AsyncSession, int], Awaitable[int]]
"""Removes up to so many expired rows in a session, and returns how many it removed."""

_LOCK = 0x7072_756E
"""Key of PostgreSQL's advisory lock."""
_BATCH = 500


class Pruner:
    """Removes expired rows at intervals. The metric `db_pruned_rows_total` counts them by what they are."""

    def __init__(
        self,
        sessions: SessionFactory,
        batches: Mapping[str, PruneBatch],
        *,
        registry: CollectorRegistry,
        interval_seconds: float = 60.0,
    ) -> None:
        """`batches` are named by what they remove, such as "reservations"."""
        self._sessions = sessions
        self._batches = batches
        self._interval = interval_seconds
        self._removed = Counter("db_pruned_rows", "Expired rows that were removed.", ("kind",), registry=registry)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Prune in the background while the block runs."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def prune(self) -> None:
        """Remove everything that is expired now, unless another replica is doing it."""
        for kind, batch in self._batches.items():
            while (removed := await self._one_batch(batch)) > 0:
                self._removed.labels(kind).inc(removed)
                if removed < _BATCH:
                    break

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.prune()
            except DatabaseError as error:
                _log.warning("expired rows were not removed: %s", error)
            except Exception:  # noqa: BLE001  # the next interval is worth a try, whatever this is
                _log.exception("expired rows were not removed")

    @retry_on_conflict
    async def _one_batch(self, batch: PruneBatch) -> int:
        async with self._sessions.begin() as session:
            if not self._sessions.is_sqlite:
                # A lock of the transaction, since a lock of the session fails behind PgBouncer.
                locked = await session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK)))
                if not locked:
                    return 0
            return await batch(session, _BATCH)


async def delete_batch(
    session: AsyncSession, table: type[DeclarativeBase], expired: sa.ColumnElement[bool], limit: int
) -> int:
    """Delete up to `limit` rows that match `expired`, and return how many were deleted."""
    key = sa.inspect(table).primary_key
    rows = sa.select(*key).where(expired).limit(limit)
    statement = sa.delete(table).where(sa.tuple_(*key).in_(rows))
    done = await session.execute(statement, execution_options={"synchronize_session": False})
    return cast("sa.CursorResult[Any]", done).rowcount
