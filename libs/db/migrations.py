"""Migrations, by alembic. Only the commands `migrate` and `migration` and tests import this module.

All steps run in one transaction that holds a lock. So two processes that start together migrate once, and a process
that is killed during a migration leaves the database unchanged.
"""

import asyncio
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeDecorator

from libs.db.engines import Limits, create_engines
from libs.db.schema import REVISION, Schema, newest_revision

_LOCK = 0x6D69_6772
"""Key of PostgreSQL's advisory lock; any constant that nothing else on the server uses."""
_LIMITS = Limits(pool_size=1, statement_seconds=600, connect_seconds=30)
_ENVIRONMENT = Path(__file__).parent / "alembic"


class MigrationError(Exception):
    """Base of the errors of this module."""


class DatabaseNewer(MigrationError):
    """The database is at a revision that this code does not have."""

    def __init__(self, found: str, newest: str) -> None:
        super().__init__(f"the database is at revision {found}, newer than the newest revision of this code, {newest}")
        self.found = found


class NothingToMigrate(MigrationError):
    """The models and the migrations describe the same tables."""

    def __init__(self) -> None:
        super().__init__("the models and the migrations describe the same tables; change models.py first")


def upgrade(url: str, scripts: Path, *, target: str = "head", transaction_pooler: bool = False) -> str:
    """Migrate the database to `target` and return its revision afterwards.

    `transaction_pooler` means that a pooler in transaction mode is in front of PostgreSQL, see `Limits`.

    Raises:
        DatabaseNewer: the database is newer than the scripts.
        DatabaseError: see `libs.db.errors`.
    """
    limits = replace(_LIMITS, transaction_pooler=transaction_pooler)
    return asyncio.run(_upgrade(url, scripts, target, limits))


def write_migration(message: str, schema: Schema, *, folder: Path, is_empty: bool = False) -> Path:
    """Write the migration from the newest revision in `folder` to the models, and return its file.

    `is_empty` writes one without steps, for what alembic does not compare: checks, triggers, data.

    Raises:
        NothingToMigrate: there is no difference.
    """
    revision = f"{int(newest_revision(folder) or 0) + 1:04}"
    config = _config(folder)
    config.set_main_option("file_template", "m%%(rev)s_%%(slug)s")
    config.attributes.update(metadata=schema.metadata, include_object=schema.includes, render_item=_render_type)

    def refuse_empty(_context: object, _revision: object, directives: list[Any]) -> None:
        if not is_empty and directives[0].upgrade_ops.is_empty():
            raise NothingToMigrate

    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite+aiosqlite:///{scratch}/models.db"
        upgrade(url, folder)

        def write(connection: sa.Connection) -> Any:  # noqa: ANN401  # alembic's own
            config.attributes["connection"] = connection
            return command.revision(
                config,
                message,
                autogenerate=not is_empty,
                rev_id=revision,
                process_revision_directives=refuse_empty,
            )

        script = asyncio.run(_on_connection(url, write))
    return Path(script.path)


def differences(url: str, schema: Schema) -> Sequence[object]:
    """Return alembic's list of differences between the models and the database."""

    def compare(connection: sa.Connection) -> Sequence[object]:
        context = MigrationContext.configure(connection, opts={"include_object": schema.includes})
        return list(compare_metadata(context, schema.metadata))

    return asyncio.run(_on_connection(url, compare))


async def _upgrade(url: str, scripts: Path, target: str, limits: Limits) -> str:
    engines = create_engines(url, limits)
    # In a serializable transaction the one that waited for the lock would still see the tables of before.
    write = engines.write if engines.is_sqlite else engines.write.execution_options(isolation_level="READ COMMITTED")
    try:
        async with write.begin() as connection:
            if not engines.is_sqlite:
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            await _check_not_newer(connection, scripts)
            await connection.run_sync(_run, scripts, target)
            return await _revision(connection) or ""
    finally:
        await write.dispose()


async def _check_not_newer(connection: AsyncConnection, scripts: Path) -> None:
    newest = newest_revision(scripts)
    if await connection.run_sync(lambda sync: sa.inspect(sync).has_table("alembic_version")):
        found = await _revision(connection)
        if found is not None and found > newest:
            raise DatabaseNewer(found, newest)


async def _revision(connection: AsyncConnection) -> str | None:
    found = await connection.scalar(REVISION)
    return None if found is None else str(found)


def _run(connection: sa.Connection, scripts: Path, target: str) -> None:
    config = _config(scripts)
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, target)
    except CommandError as error:
        raise MigrationError(str(error)) from error


async def _on_connection(url: str, work: Any) -> Any:  # noqa: ANN401  # a function of a synchronous connection
    engines = create_engines(url, _LIMITS)
    try:
        async with engines.write.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engines.write.dispose()


def _config(scripts: Path) -> Config:
    # Otherwise alembic prints each file that it writes on stdout.
    config = Config(cmd_opts=Namespace(quiet=True))
    for name, path in (("script_location", _ENVIRONMENT), ("version_locations", scripts)):
        # ConfigParser reads %(name)s as a reference.
        config.set_main_option(name, str(path).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _render_type(kind: str, item: object, _: object) -> str | bool:
    """Write the column type of the database, so that no migration imports our code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False
