"""Translate the errors of drivers and of SQLAlchemy into those of `libs.db.errors`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Dialect, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from libs.db.errors import (
    ConstraintViolation,
    DatabaseError,
    DatabaseUnavailable,
    MissingTable,
    SerializationFailure,
    UniqueViolation,
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE: dict[str, type[DatabaseError]] = {
    "23505": UniqueViolation,
    "40001": SerializationFailure,
    "40P01": SerializationFailure,
    "42P01": MissingTable,
    "42703": MissingTable,
    "3D000": DatabaseUnavailable,
    "25006": DatabaseUnavailable,
    "57014": DatabaseUnavailable,
}
_BY_CLASS: dict[str, type[DatabaseError]] = {
    "23": ConstraintViolation,
    "08": DatabaseUnavailable,
    "28": DatabaseUnavailable,
    "53": DatabaseUnavailable,
    "57": DatabaseUnavailable,
    "58": DatabaseUnavailable,
}
_UNIQUE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
_NOT_MIGRATED = ("no such table", "no such column", "has no column named")


def translate_errors(engine: AsyncEngine) -> None:
    """Have statements, commits and connection attempts of this engine raise our errors.

    A programming error, such as a wrong statement, is not translated.
    """
    event.listen(engine.sync_engine, "handle_error", _translate)
    event.listen(engine.sync_engine, "do_connect", _connect)


@contextmanager
def pool_timeouts() -> Iterator[None]:
    """Raise DatabaseUnavailable where no connection of the pool becomes free in time."""
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseUnavailable("no connection is free") from error


def _translate(context: ExceptionContext) -> BaseException | None:
    ours = _ours(context.original_exception)
    if isinstance(ours, DatabaseUnavailable) and context.dialect.name == "postgresql":
        # The state of this connection is unknown; others are checked when they are taken out of the pool.
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False
    return ours


def _connect(dialect: Dialect, _: ConnectionPoolEntry, arguments: list[Any], options: dict[str, Any]) -> Any:  # noqa: ANN401
    try:
        return dialect.connect(*arguments, **options)
    except Exception as error:
        ours = _ours(error)
        if ours is None:
            raise
        raise ours from error


def _ours(error: BaseException) -> DatabaseError | None:
    if isinstance(error, DatabaseError):
        return error
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    if isinstance(error, OSError | TimeoutError):
        return DatabaseUnavailable(f"{type(error).__name__}: {error}")
    if isinstance(error, Exception) and hasattr(error, "sqlstate"):
        return _of_postgres(error)
    return None


def _of_sqlite(error: sqlite3.Error) -> DatabaseError | None:
    if isinstance(error, sqlite3.IntegrityError):
        return (UniqueViolation if error.sqlite_errorname in _UNIQUE else ConstraintViolation)(str(error))
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return None
    if any(words in str(error) for words in _NOT_MIGRATED):
        return MissingTable(str(error))
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return None
    return DatabaseUnavailable(str(error)) if isinstance(error, sqlite3.DatabaseError) else None


def _of_postgres(error: Exception) -> DatabaseError | None:
    state = getattr(error, "sqlstate", None)
    if str(error).startswith("unsupported startup parameter"):
        return DatabaseUnavailable(f"a pooler refused the connection ({error}): set DATABASE_TRANSACTION_POOLER=true")
    if state is None:
        # An error of asyncpg itself: the connection was closed or lost, also in the middle of a message.
        return DatabaseUnavailable(str(error))
    kind = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    return kind(_without_values(error)) if kind else None


def _without_values(error: Exception) -> str:
    """PostgreSQL keeps the values of a row in DETAIL; only the first line of the message is free of them."""
    return str(error).split("\n", 1)[0]
