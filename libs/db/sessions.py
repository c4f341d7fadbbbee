"""Sessions: how services read and write.

    async with sessions.begin() as session:   # a transaction, committed at the end of the block
        session.add(product)

    async with sessions.read() as session:    # statements that only read
        product = await session.get(Product, product_id)

The block ends before the response begins, so a 2xx response is sent only after the commit.
"""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, ParamSpec, TypeVar
from weakref import WeakSet

import stamina
from sqlalchemy import AdaptedConnection, event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from libs.db.engines import Engines, Limits, create_engines
from libs.db.errors import DatabaseUnavailable, SerializationFailure
from libs.db.translation import pool_timeouts

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

_ATTEMPTS = 20


class SessionFactory:
    """Opens sessions on one database. Every error is one of `libs.db.errors`, or the programmer's."""

    def __init__(self, engines: Engines, limits: Limits) -> None:
        self._engines = engines
        self._limits = limits
        self._write = async_sessionmaker(engines.write, expire_on_commit=False)
        self._read = async_sessionmaker(engines.read, expire_on_commit=False)
        # asyncio's lock is FIFO; the queue of SQLAlchemy's pool is not.
        self._turn = asyncio.Lock() if engines.is_sqlite else None
        self._servers = WeakSet[Any]()
        if not engines.is_sqlite:
            event.listen(engines.write.sync_engine, "connect", self._remember)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self._engines.is_sqlite

    @property
    def connections_in_use(self) -> int:
        """Connections that sessions have taken from the pools."""
        return sum(pool.checkedout() for pool in self._pools)

    @property
    def pool_size(self) -> int:
        """Most connections that sessions can use at a time."""
        return sum(pool.size() for pool in self._pools)

    @property
    def _pools(self) -> set[QueuePool]:
        pools = {engine.pool for engine in (self._engines.write, self._engines.read)}
        return {pool for pool in pools if isinstance(pool, QueuePool)}

    @asynccontextmanager
    async def begin(self, *, read_committed: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a session with a transaction: serializable, committed at the end, rolled back by any exception.

        On SQLite it holds the write lock, and callers wait for it in the order of their arrival.

        `read_committed` makes transactions that change the same row wait for each other on PostgreSQL; serializable
        ones would collide. Use it only where the WHERE clause of the writing statement decides, or a lock does.

        Raises:
            SerializationFailure: the transaction collided with another; see `retry_on_conflict`.
            DatabaseUnavailable: the database or a free connection is not available in time.
        """
        async with AsyncExitStack() as stack:
            if self._turn is not None:
                await self._take_turn(self._turn)
                stack.callback(self._turn.release)
            with pool_timeouts():
                async with self._write.begin() as session:
                    if read_committed and not self.is_sqlite:
                        await session.connection(execution_options={"isolation_level": "READ COMMITTED"})
                    yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for statements that only read; each reads the rows that are committed when it starts.

        Raises:
            DatabaseUnavailable: the database or a free connection is not available in time.
        """
        with pool_timeouts():
            async with self._read() as session:
                yield session

    async def close(self) -> None:
        """Close every connection, within the limit of a statement."""
        limit = self._limits.statement_seconds
        await self._close_servers(limit)
        for engine in {self._engines.write, self._engines.read}:
            try:
                await asyncio.wait_for(engine.dispose(), limit)
            except TimeoutError:
                await engine.dispose(close=False)

    async def _close_servers(self, limit: float) -> None:
        """Close the connections to PostgreSQL at once: SQLAlchemy logs a traceback for each that does not close."""
        closing = [connection.close(timeout=limit) for connection in self._servers]
        closed = await asyncio.gather(*closing, return_exceptions=True)
        if late := sum(isinstance(each, TimeoutError) for each in closed):
            _log.warning("the database does not answer; connections that were cut off after %g s: %d", limit, late)

    def _remember(self, connection: AdaptedConnection, _: ConnectionPoolEntry) -> None:
        self._servers.add(connection.driver_connection)

    async def _take_turn(self, turn: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(self._limits.statement_seconds):
                await turn.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("other transactions are writing") from error


def open_sessions(url: str, limits: Limits | None = None) -> SessionFactory:
    """Return the sessions of the database that `url` names. The first session connects.

    Raises:
        BadDatabaseUrl: the URL names neither a SQLite file nor PostgreSQL.
    """
    limits = limits or Limits()
    return SessionFactory(create_engines(url, limits), limits)


def retry_on_conflict(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Run an async function again, from its beginning, when its transaction collides with another one.

    The function opens its own session, and its only effects are on the database. After 20 attempts the
    SerializationFailure is raised.
    """

    @functools.wraps(function)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        # Not `stamina.retry`: its log entry would hold the arguments, which may be secrets.
        async for attempt in stamina.retry_context(
            on=SerializationFailure,
            attempts=_ATTEMPTS,
            timeout=None,
            wait_initial=0.005,
            wait_max=0.2,
            wait_jitter=0.05,
        ):
            with attempt:
                return await function(*args, **kwargs)
        raise AssertionError("stamina ends with a result or an error")

    return run
