"""SQLAlchemy engines for both databases, with the limits and options that every service needs.

SQLite gets two engines: one with a single connection that writes, one whose connections only read. PostgreSQL gets
one pool, used by two views: serializable transactions, and single reads in autocommit mode, which save two round trips.
"""

import functools
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from sqlalchemy import URL, AsyncAdaptedQueuePool, Connection, PoolProxiedConnection, event, func, select
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from libs.db.errors import BadDatabaseUrl
from libs.db.translation import translate_errors

_SQLITE = "sqlite+aiosqlite:///"
_POSTGRES = "postgresql+asyncpg://"
_SQLITE_READERS = 4
_RECYCLE_SECONDS = 300
"""Firewalls drop connections that were idle for longer, often without telling either side."""

_WRITE_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF")
_READ_PRAGMAS = (*_WRITE_PRAGMAS, "query_only = ON")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the use of a database by one process. Durations are seconds.

    Attributes:
        pool_size: most connections to PostgreSQL.
        statement_seconds: longest time of a statement; on SQLite also the wait for the write lock.
        connect_seconds: longest wait for a connection, new or of the pool.
        transaction_pooler: whether a pooler in transaction mode, such as PgBouncer, is in front of the server.
    """

    pool_size: int = 8
    statement_seconds: float = 5.0
    connect_seconds: float = 3.0
    transaction_pooler: bool = False


@dataclass(frozen=True, slots=True)
class Engines:
    """`write` begins transactions that may write, `read` runs statements that do not."""

    write: AsyncEngine
    read: AsyncEngine

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.write.dialect.name == "sqlite"


def sqlite_path(url: str) -> Path | None:
    """Return the file that a database URL names; None for PostgreSQL.

    Raises:
        BadDatabaseUrl: the URL is of neither, or of SQLite in memory, where connections do not share a database.
    """
    if url.startswith(_SQLITE):
        path = unquote(url.removeprefix(_SQLITE).partition("?")[0])
        if path not in ("", ":memory:"):
            return Path(path)
    if url.startswith(_POSTGRES):
        _check_postgres_url(url)
        return None
    raise BadDatabaseUrl(
        f"a database URL starts with {_SQLITE}PATH or {_POSTGRES}, not with {url.split('://', 1)[0]}://"
    )


def create_engines(url: str, limits: Limits) -> Engines:
    """Create the engines of the database that `url` names. Nothing is connected yet.

    Raises:
        BadDatabaseUrl: see `sqlite_path`.
    """
    path = sqlite_path(url)
    if path is not None:
        write = _sqlite_engine(path, limits, _WRITE_PRAGMAS, pool_size=1)
        event.listen(write.sync_engine, "begin", _begin_immediate)
        read = _sqlite_engine(path, limits, _READ_PRAGMAS, pool_size=_SQLITE_READERS)
        return Engines(write, read)
    engine = _postgres_engine(url, limits)
    if limits.transaction_pooler:
        # Outside of a transaction the pooler may send each message to another server connection. In a serializable one
        # a read may fail with a conflict.
        return Engines(engine, engine.execution_options(isolation_level="READ COMMITTED"))
    return Engines(engine, engine.execution_options(isolation_level="AUTOCOMMIT"))


def _sqlite_engine(path: Path, limits: Limits, pragmas: Sequence[str], *, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=limits.statement_seconds,
        hide_parameters=True,
        # The driver's own BEGIN comes too late for BEGIN IMMEDIATE and not at all before DDL.
        connect_args={"timeout": limits.statement_seconds, "isolation_level": None},
    )
    event.listen(engine.sync_engine, "do_connect", functools.partial(_create_private, path))
    event.listen(engine.sync_engine, "connect", functools.partial(_set_pragmas, pragmas))
    translate_errors(engine)
    return engine


def _postgres_engine(url: str, limits: Limits) -> AsyncEngine:
    milliseconds = round(limits.statement_seconds * 1000)
    timeouts = {
        "statement_timeout": str(milliseconds),
        "idle_in_transaction_session_timeout": str(2 * milliseconds),
    }
    # asyncpg reads the URL itself, so that every parameter has the meaning in libpq's documentation.
    options: dict[str, object] = {
        "dsn": f"postgresql://{url.removeprefix(_POSTGRES)}",
        "timeout": limits.connect_seconds,
        "command_timeout": limits.statement_seconds,
    }
    if limits.transaction_pooler:
        # PgBouncer refuses unknown startup parameters, and prepared statements outlive the server connection.
        options |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"__asyncpg_{uuid4()}__",
        }
    else:
        options["server_settings"] = timeouts
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args=options,
        isolation_level="SERIALIZABLE",
        pool_size=limits.pool_size,
        max_overflow=0,
        pool_timeout=limits.connect_seconds,
        pool_recycle=_RECYCLE_SECONDS,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    if limits.transaction_pooler:
        limits_of_transaction = select(*(func.set_config(name, value, True) for name, value in timeouts.items()))

        @event.listens_for(engine.sync_engine, "begin")
        def limit_transaction(connection: Connection) -> None:
            connection.execute(limits_of_transaction)

    translate_errors(engine)
    return engine


def _create_private(path: Path, *_: object) -> None:
    """Create a missing file that only its owner can read; SQLite gives its mode to the files beside it.

    With O_EXCL a file that exists is not opened: closing it would release the locks that SQLite holds on it.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _set_pragmas(pragmas: Sequence[str], connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads first and writes later fails with SQLITE_BUSY_SNAPSHOT."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _refuse_closed(connection: object, _: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:  # noqa: ARG001
    """Let the pool replace a connection that the server has closed, without the round trip of `pool_pre_ping`."""
    driver_connection = proxy.driver_connection
    if driver_connection is not None and driver_connection.is_closed():
        raise DisconnectionError


def _check_postgres_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        # An unescaped character of the password ends the host early or begins the path.
        bad = parts.port == 0 or "@" in parts.path + parts.fragment
    except ValueError:
        bad = True
    if bad:
        raise BadDatabaseUrl(
            f"the database URL is malformed: {_POSTGRES}USER:PASSWORD@HOST:PORT/NAME is expected, "
            "with special characters of the password escaped as %XX"
        )
    query = parse_qs(parts.query)
    if "ssl" in query:
        raise BadDatabaseUrl("the database URL has the parameter `ssl`; write libpq's `sslmode`, such as verify-full")
    for name in _FILES:
        for path in query.get(name, []):
            if not Path(path).is_file():
                raise BadDatabaseUrl(f"the database URL names a missing file: {name}={path}")
