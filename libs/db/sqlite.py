"""SQLite through aiosqlite: readers that never wait, and one writer at a time.

A single row is read where it is asked for, in the event loop: from the page cache that takes 6
microseconds, and handing it to a thread and back takes more than three times that. Should it have to
wait for a lock, a thread waits. Lists and writes, which may take their time, go to threads always.
"""

import asyncio
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import TypeVar, cast

import aiosqlite

from libs.db.database import Connection, Limits, Row
from libs.db.errors import (
    ConstraintViolation,
    DatabaseUnavailable,
    MissingTable,
    UniqueViolation,
)
from libs.db.statements import Statement, Values

T = TypeVar("T")

_READERS = 2
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
)


class SqliteDatabase:
    """One file. Reads go round the readers; writes queue for the writer, in order of arrival."""

    def __init__(
        self, readers: Sequence[aiosqlite.Connection], writer: aiosqlite.Connection, at_once: sqlite3.Connection
    ) -> None:
        self._readers = readers
        self._next_reader = itertools.cycle(readers)
        self._writer = writer
        self._at_once = at_once
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, path: str, limits: Limits) -> "SqliteDatabase":
        """Open the file at `path`, making it when it is missing."""
        at_once = _open_at_once(path)
        writer = await _open(path, limits)
        readers = [await _open(path, limits) for _ in range(_READERS)]
        return cls(readers, writer, at_once)

    async def fetch_all(self, statement: Statement, **values: object) -> Sequence[Row]:
        """See `Connection`."""
        if not statement.writes:
            return await _run(next(self._next_reader), statement, values)
        async with self._writing:
            return await _run(self._writer, statement, values)

    async def fetch_one(self, statement: Statement, **values: object) -> Row | None:
        """See `Connection`."""
        if not statement.writes:
            text = statement.sqlite
            with contextlib.suppress(sqlite3.Error):
                # Whatever goes wrong goes wrong again below, in a thread and with all its time.
                return cast("Row | None", self._at_once.execute(text.sql, text.arguments(values)).fetchone())
        rows = await self.fetch_all(statement, **values)
        return rows[0] if rows else None

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """See `Database`. It takes the write lock at once: one that reads and then writes fails."""
        async with self._writing:
            try:
                with _translated():
                    await self._writer.execute_fetchall("BEGIN IMMEDIATE")
                yield _Transaction(self._writer)
                with _translated():
                    await self._writer.execute_fetchall("COMMIT")
            finally:
                # Also when cancelled: the lock must not be given on with a transaction open.
                await asyncio.shield(_roll_back(self._writer))

    async def atomically(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """See `Database`. Writers queue here, so nothing collides."""
        async with self.transaction() as transaction:
            return await work(transaction)

    async def close(self) -> None:
        """See `Database`."""
        for connection in {*self._readers, self._writer}:
            await connection.close()
        self._at_once.close()


class _Transaction:
    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def fetch_all(self, statement: Statement, **values: object) -> Sequence[Row]:
        return await _run(self._connection, statement, values)

    async def fetch_one(self, statement: Statement, **values: object) -> Row | None:
        rows = await self.fetch_all(statement, **values)
        return rows[0] if rows else None


async def _open(path: str, limits: Limits) -> aiosqlite.Connection:
    with _translated():
        connection = await aiosqlite.connect(path, timeout=limits.statement_seconds, isolation_level=None)
        try:
            for pragma in _PRAGMAS:
                await connection.execute_fetchall(pragma)
        except BaseException:
            await connection.close()
            raise
    return connection


def _open_at_once(path: str) -> sqlite3.Connection:
    with _translated():
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        connection.execute("PRAGMA query_only = ON")
    return connection


async def _run(connection: aiosqlite.Connection, statement: Statement, values: Values) -> Sequence[Row]:
    text = statement.sqlite
    with _translated():
        rows = await connection.execute_fetchall(text.sql, text.arguments(values))
    return cast("Sequence[Row]", rows)


async def _roll_back(connection: aiosqlite.Connection) -> None:
    # Asked in the connection's own thread, after whatever a cancelled caller left running there.
    await connection.execute_fetchall("SELECT 1")
    if connection.in_transaction:
        await connection.rollback()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        unique = error.sqlite_errorname in (
            "SQLITE_CONSTRAINT_UNIQUE",
            "SQLITE_CONSTRAINT_PRIMARYKEY",
        )
        raise (UniqueViolation if unique else ConstraintViolation)(str(error)) from error
    except sqlite3.OperationalError as error:
        if str(error).startswith("no such table"):
            raise MissingTable(str(error)) from error
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            # The statement is wrong. Nobody should wait for that to pass.
            raise
        raise DatabaseUnavailable(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise DatabaseUnavailable(str(error)) from error
