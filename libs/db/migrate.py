"""Migrations: a command of their own. No process that serves imports this module.

All steps run in one transaction behind a lock, so two that start at once do the work once, and
one that dies half-way leaves the database as it was.
"""

import asyncio
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

# Any constant will do, as long as nobody else uses it on the same server.
_LOCK = 0x6D69_6772
_LOCK_SECONDS = 60


class UnknownRevision(Exception):
    """The database is at a revision that these scripts do not have."""


def upgrade(url: str, scripts: Path, *, target: str = "head") -> str:
    """Bring the database to `target`; the revision it is at afterwards.

    Raises:
        UnknownRevision: it is newer than the scripts.
    """
    return asyncio.run(_upgrade(url, scripts, target))


def newest(scripts: Path) -> str:
    """The last revision of these scripts."""
    return _directory(scripts).get_current_head() or ""


async def _upgrade(url: str, scripts: Path, target: str) -> str:
    engine = create_async_engine(url, connect_args={"timeout": _LOCK_SECONDS})
    if engine.dialect.name == "sqlite":
        _begin_explicitly(engine)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run, scripts, target)
            return str(await connection.scalar(sa.text("SELECT version_num FROM alembic_version")))
    finally:
        await engine.dispose()


def _run(connection: sa.Connection, scripts: Path, target: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    directory = _directory(scripts)

    def steps(current: tuple[str, ...], _: MigrationContext) -> list[object]:
        try:
            return list(directory._upgrade_revs(target, current))  # type: ignore[arg-type]
        except CommandError as error:
            raise UnknownRevision(str(error)) from error

    with EnvironmentContext(Config(), directory, fn=steps, destination_rev=target) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()


def _directory(scripts: Path) -> ScriptDirectory:
    return ScriptDirectory(str(scripts), version_locations=[str(scripts)])


def _begin_explicitly(engine: AsyncEngine) -> None:
    """Let BEGIN IMMEDIATE be the lock: the driver's own BEGIN would leave out the DDL."""

    @sa.event.listens_for(engine.sync_engine, "connect")
    def connect(connection: object, _: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
