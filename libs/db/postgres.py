"""PostgreSQL through asyncpg: a bounded pool, a limit for every statement, errors made ours."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar, cast

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.engine import make_url

from libs.db.database import Connection, Limits, Row
from libs.db.errors import (
    ConstraintViolation,
    DatabaseUnavailable,
    MissingTable,
    SerializationFailure,
    UniqueViolation,
)
from libs.db.statements import Compiler

T = TypeVar("T")

_Untyped: TypeAlias = Any
"""A pool or a connection of asyncpg."""

_ATTEMPTS = 20
# Something between us and the server may have cut a connection that was idle for longer, and told nobody.
_IDLE_SECONDS = 300
_COLLISIONS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.DiskFullError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)
# After these nobody knows what the connection is at.
_IN_DOUBT = (asyncio.CancelledError, DatabaseUnavailable, *_UNAVAILABLE)


class PostgresDatabase:
    """A pool of connections to one database."""

    def __init__(self, pool: _Untyped, limits: Limits) -> None:
        self._spare = _Spare(pool, limits)
        self._compile = Compiler(dialect.dialect())  # type: ignore[no-untyped-call]

    @classmethod
    async def open(cls, url: str, limits: Limits) -> "PostgresDatabase":
        """Make the pool; the first connection is made by the first statement."""
        milliseconds = round(limits.statement_seconds * 1000)
        pool = await asyncpg.create_pool(
            make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
            min_size=0,
            max_size=limits.connections,
            timeout=limits.connect_seconds,
            command_timeout=limits.statement_seconds,
            server_settings={
                "application_name": "service",
                "statement_timeout": str(milliseconds),
                "idle_in_transaction_session_timeout": str(2 * milliseconds),
            },
            # The default undoes session state, a round trip for each use; we never set any.
            reset=_nothing_to_reset,
        )
        return cls(pool, limits)

    async def fetch_all(self, statement: ClauseElement, **values: object) -> Sequence[Row]:
        """See `Connection`."""
        compiled = self._compile(statement)
        async with self._connection() as connection:
            rows = await connection.fetch(compiled.sql, *compiled.arguments(values))
        return cast("Sequence[Row]", rows)

    async def fetch_one(self, statement: ClauseElement, **values: object) -> Row | None:
        """See `Connection`."""
        compiled = self._compile(statement)
        async with self._connection() as connection:
            row = await connection.fetchrow(compiled.sql, *compiled.arguments(values))
        return cast("Row | None", row)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """See `Database`."""
        async with self._connection() as connection:
            transaction = connection.transaction(isolation="serializable")
            await transaction.start()
            try:
                yield _Transaction(connection, self._compile)
            except _IN_DOUBT:
                # The connection is cut, and the server undoes what was done on it.
                raise
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()

    async def atomically(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """See `Database`. A collision is tried again after a pause that grows and varies."""
        for attempt in range(_ATTEMPTS):
            try:
                async with self.transaction() as transaction:
                    return await work(transaction)
            except SerializationFailure:
                pause = min(0.2, 0.005 * 2**attempt)
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
        raise SerializationFailure(f"still colliding after {_ATTEMPTS} attempts")

    async def close(self) -> None:
        """See `Database`. Connections that do not close within the limit are cut."""
        await self._spare.close()

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[_Untyped]:
        with _translated():
            connection = await self._spare.take()
            try:
                yield connection
            except _IN_DOUBT:
                # To hand it back would be to wait for a server that may hang.
                connection.terminate()
                raise
            except BaseException:
                await self._spare.give_back(connection, is_clean=False)
                raise
            await self._spare.give_back(connection, is_clean=True)


class _Spare:
    """Connections at hand, in front of the pool, which makes two tasks for each use of one.

    The pool still makes and counts them, lets callers wait in turn, and takes back those that are in doubt.
    """

    def __init__(self, pool: _Untyped, limits: Limits) -> None:
        self._pool = pool
        self._limits = limits
        self._at_hand: list[tuple[_Untyped, float]] = []
        self._waiting = 0

    async def take(self) -> _Untyped:
        """A connection that is open and was used not long ago, or one of the pool's."""
        now = asyncio.get_running_loop().time()
        while self._at_hand:
            connection, since = self._at_hand.pop()
            # One that the server closed was taken back by the pool at once, and says so when it is asked anything.
            with contextlib.suppress(asyncpg.InterfaceError):
                if now - since < _IDLE_SECONDS and not connection.is_closed():
                    return connection
                connection.terminate()
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._limits.connect_seconds)
        finally:
            self._waiting -= 1

    async def give_back(self, connection: _Untyped, *, is_clean: bool) -> None:
        """Keep it at hand, unless something went wrong on it or somebody waits for the pool."""
        if is_clean and not self._waiting and not self._pool.is_closing():
            self._at_hand.append((connection, asyncio.get_running_loop().time()))
        else:
            await self._pool.release(connection)

    async def close(self) -> None:
        """Close all; what does not close in time is cut."""
        at_hand, self._at_hand = self._at_hand, []
        for connection, _ in at_hand:
            await self._pool.release(connection)
        try:
            await asyncio.wait_for(self._pool.close(), self._limits.statement_seconds)
        except TimeoutError:
            self._pool.terminate()


class _Transaction:
    def __init__(self, connection: _Untyped, compile_: Compiler) -> None:
        self._connection = connection
        self._compile = compile_

    async def fetch_all(self, statement: ClauseElement, **values: object) -> Sequence[Row]:
        compiled = self._compile(statement)
        with _translated():
            rows = await self._connection.fetch(compiled.sql, *compiled.arguments(values))
        return cast("Sequence[Row]", rows)

    async def fetch_one(self, statement: ClauseElement, **values: object) -> Row | None:
        compiled = self._compile(statement)
        with _translated():
            row = await self._connection.fetchrow(compiled.sql, *compiled.arguments(values))
        return cast("Row | None", row)


async def _nothing_to_reset(_: _Untyped) -> None:
    pass


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise UniqueViolation(str(error)) from error
    except asyncpg.IntegrityConstraintViolationError as error:
        raise ConstraintViolation(str(error)) from error
    except asyncpg.UndefinedTableError as error:
        raise MissingTable(str(error)) from error
    except _COLLISIONS as error:
        raise SerializationFailure(str(error)) from error
    except _UNAVAILABLE as error:
        raise DatabaseUnavailable(f"{type(error).__name__}: {error}") from error
