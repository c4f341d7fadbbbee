"""PostgreSQL through asyncpg: a bounded pool, a limit for every statement, errors made ours."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeAlias, TypeVar, cast

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from libs.db.database import Connection, Limits, Row
from libs.db.errors import (
    ConstraintViolation,
    DatabaseError,
    DatabaseUnavailable,
    MissingTable,
    SerializationFailure,
    UniqueViolation,
)
from libs.db.spare import Spare
from libs.db.statements import Statement, Text, Values

T = TypeVar("T")

_Untyped: TypeAlias = Any
"""A pool or a connection of asyncpg."""

_FETCH, _FETCH_ROW = asyncpg.pool.PoolConnectionProxy.fetch, asyncpg.pool.PoolConnectionProxy.fetchrow
_ATTEMPTS = 20
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
        self._spare = Spare(pool, limits)

    @classmethod
    async def open(cls, dsn: str, limits: Limits) -> "PostgresDatabase":
        """Make the pool; the first connection is made by the first statement."""
        milliseconds = round(limits.statement_seconds * 1000)
        pool = await asyncpg.create_pool(
            dsn,
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

    async def fetch_all(self, statement: Statement, **values: object) -> Sequence[Row]:
        """See `Connection`."""
        return cast("Sequence[Row]", await self._run(_FETCH, statement.postgres, values))

    async def fetch_one(self, statement: Statement, **values: object) -> Row | None:
        """See `Connection`."""
        return cast("Row | None", await self._run(_FETCH_ROW, statement.postgres, values))

    async def _run(self, fetch: Callable[..., Awaitable[object]], text: Text, values: Values) -> object:
        """One statement outside of a transaction; written out, since a context manager here is felt at each."""
        with _TRANSLATED:
            connection = await self._spare.take()
            try:
                found = await fetch(connection, text.sql, *text.arguments(values))
            except BaseException as error:
                await self._let_go(connection, error)
                raise
            self._spare.give_back(connection)
        return found

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """See `Database`."""
        async with self._connection() as connection:
            transaction = connection.transaction(isolation="serializable")
            await transaction.start()
            try:
                yield _Transaction(connection)
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
        with _TRANSLATED:
            connection = await self._spare.take()
            try:
                yield connection
            except BaseException as error:
                await self._let_go(connection, error)
                raise
            self._spare.give_back(connection)

    async def _let_go(self, connection: _Untyped, error: BaseException) -> None:
        if isinstance(error, _IN_DOUBT):
            # To hand it back would be to wait for a server that may hang.
            connection.terminate()
            self._spare.lost()
        else:
            await self._spare.discard(connection)


class _Transaction:
    def __init__(self, connection: _Untyped) -> None:
        self._connection = connection

    async def fetch_all(self, statement: Statement, **values: object) -> Sequence[Row]:
        text = statement.postgres
        with _TRANSLATED:
            rows = await self._connection.fetch(text.sql, *text.arguments(values))
        return cast("Sequence[Row]", rows)

    async def fetch_one(self, statement: Statement, **values: object) -> Row | None:
        text = statement.postgres
        with _TRANSLATED:
            row = await self._connection.fetchrow(text.sql, *text.arguments(values))
        return cast("Row | None", row)


async def _nothing_to_reset(_: _Untyped) -> None:
    pass


class _Translated:
    """Raises the driver's errors as ours; a class, for it is entered at every statement."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and (ours := _ours(error)) is not None:
            raise ours from error


_TRANSLATED = _Translated()


def _ours(error: BaseException) -> DatabaseError | None:
    match error:
        case asyncpg.UniqueViolationError():
            return UniqueViolation(str(error))
        case asyncpg.IntegrityConstraintViolationError():
            return ConstraintViolation(str(error))
        case asyncpg.UndefinedTableError():
            return MissingTable(str(error))
    if isinstance(error, _COLLISIONS):
        return SerializationFailure(str(error))
    if isinstance(error, _UNAVAILABLE):
        return DatabaseUnavailable(f"{type(error).__name__}: {error}")
    return None
