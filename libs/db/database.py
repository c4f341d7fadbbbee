"""What every database does for a service, whichever its driver."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from libs.db.statements import Statement

Row = Sequence[Any]
"""One row, its values in the order of the statement's columns."""

T = TypeVar("T")


class Connection(Protocol):
    """Runs statements; inside a transaction they stand or fall together."""

    async def fetch_all(self, statement: Statement, **values: object) -> Sequence[Row]:
        """Every row that the statement selects or returns."""

    async def fetch_one(self, statement: Statement, **values: object) -> Row | None:
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
