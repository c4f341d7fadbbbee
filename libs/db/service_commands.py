"""The commands of every service that has a database. Each command imports its modules when it runs."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from libs.db.service_settings import ServiceSettings
from libs.web.checkout import run_command
from libs.web.command import Command
from libs.web.configuration import prefix_of

if TYPE_CHECKING:
    from fastapi import FastAPI

    from libs.db.schema import Schema

S = TypeVar("S", bound=ServiceSettings)


def service_commands(
    name: str,
    *,
    create_app: "Callable[[S], FastAPI]",
    schema: "Callable[[], Schema]",
    before_serving: Callable[[S], None] | None = None,
) -> dict[str, Command[S]]:
    """Return the commands of the service `name` that every service with a database has.

    `create_app` and `schema` import the modules of the service that they need, so that the serving process loads no
    alembic and a migration loads no server. `before_serving` raises StartupError where something is missing that only
    a serving process needs, such as a key.
    """

    def serve(settings: S) -> int:
        if before_serving:
            before_serving(settings)
        return _serve(settings, create_app)

    def openapi(settings: S) -> int:
        return _write_contract(name, create_app(_default_settings(settings)))

    def check_openapi(settings: S, file: str) -> int:
        return _check_contract(name, create_app(_default_settings(settings)), Path(file))

    def migrate(settings: S) -> int:
        return _migrate(settings, schema)

    def migration(_: S, message: str) -> int:
        return _write_migration(name, message, schema, is_empty=False)

    def empty_migration(_: S, message: str) -> int:
        return _write_migration(name, message, schema, is_empty=True)

    return {
        "serve": Command("answer requests", serve),
        "migrate": Command("bring the database's tables up to date", migrate),
        "migration": Command("write the next migration into the source tree", migration, ("MESSAGE",)),
        "empty-migration": Command("write one without steps, for triggers or data", empty_migration, ("MESSAGE",)),
        "openapi": Command("write openapi.json into the source tree", openapi),
        "check-openapi": Command("fail if this file is not the openapi.json", check_openapi, ("FILE",)),
    }


def migrate_checkout(name: str, settings: ServiceSettings) -> None:
    """Migrate the database of the service `name` in a developer's checkout, in a child process.

    Raises:
        StartupError: the migration failed.
    """
    variable = f"{prefix_of(type(settings))}DATA_DIR"
    run_command(f"services.{name}", "migrate", **{variable: str(settings.data_dir)})


def _serve(settings: S, create_app: "Callable[[S], FastAPI]") -> int:
    from libs.db.process_lock import single_process_lock  # noqa: PLC0415
    from libs.web.server import serve  # noqa: PLC0415

    app = create_app(settings)
    with single_process_lock(settings.database):
        return serve(app, settings)


def _default_settings(settings: S) -> S:
    """Return settings without the environment's, so that the contract is the same on every machine."""
    prefix = prefix_of(type(settings))
    for variable in [each for each in os.environ if each.upper().startswith(prefix)]:
        del os.environ[variable]
    return type(settings)()


def _write_contract(name: str, app: "FastAPI") -> int:
    from libs.web.openapi_file import document_text, write_document  # noqa: PLC0415

    return write_document(name, document_text(app))


def _check_contract(name: str, app: "FastAPI", path: Path) -> int:
    from libs.web.openapi_file import check_document, document_text  # noqa: PLC0415

    return check_document(name, document_text(app), path=path)


def _migrate(settings: ServiceSettings, schema: "Callable[[], Schema]") -> int:
    from libs.db.commands import migrate  # noqa: PLC0415

    return migrate(settings.database, schema(), transaction_pooler=settings.database_transaction_pooler)


def _write_migration(name: str, message: str, schema: "Callable[[], Schema]", *, is_empty: bool) -> int:
    from libs.db.commands import migration  # noqa: PLC0415

    return migration(message, schema(), name=name, is_empty=is_empty)
