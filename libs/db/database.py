"""The door to the database: which one it is follows from the URL, and nothing else does."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import ClauseElement
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from libs.db.errors import BadDatabaseUrl

Row = Sequence[Any]
"""One row, its values in the order of the statement's columns."""

T = TypeVar("T")


class Connection(Protocol):
    """Runs statements; inside a transaction they stand or fall together."""

    async def fetch_all(self, statement: ClauseElement, **values: object) -> Sequence[Row]:
        """Every row that the statement selects or returns."""

    async def fetch_one(self, statement: ClauseElement, **values: object) -> Row | None:
        """The first of these rows; None when there is none."""


class Database(Connection, Protocol):
    """Runs single statements, each a transaction of its own, or several in one.

    Every method raises the errors of `libs.db.errors`, whichever the driver.
    """

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A serializable transaction, committed at the end, undone by any exception."""

    async def atomically(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """`work` inside a transaction, begun anew when it collides with another.

        `work` may run several times, so it must not do anything but talk to the database.
        """

    async def close(self) -> None:
        """Close every connection."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a database may take before a caller is told that it is unavailable."""

    connections: int = 8
    statement_seconds: float = 5.0
    connect_seconds: float = 3.0


async def connect(url: str, limits: Limits | None = None) -> Database:
    """Open the database that `url` names.

    PostgreSQL is reached at the first statement, so that a service can start before its database.

    Raises:
        BadDatabaseUrl: it is neither SQLite nor PostgreSQL.
        DatabaseUnavailable: the SQLite file cannot be opened.
    """
    chosen = limits or Limits()
    match _driver(url):
        case "sqlite+aiosqlite":
            from libs.db.sqlite import SqliteDatabase  # noqa: PLC0415  # only the driver in use is loaded

            return await SqliteDatabase.open(url, chosen)
        case "postgresql+asyncpg":
            from libs.db.postgres import PostgresDatabase  # noqa: PLC0415  # likewise

            return await PostgresDatabase.open(url, chosen)
        case _:
            raise BadDatabaseUrl(url)


def _driver(url: str) -> str:
    try:
        return make_url(url).drivername
    except ArgumentError as error:
        raise BadDatabaseUrl(url) from error
