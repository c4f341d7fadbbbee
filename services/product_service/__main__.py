"""The command line of the product service."""

import sys
from typing import TYPE_CHECKING

from libs.clock.clock import SystemClock
from libs.db.errors import DatabaseError
from libs.db.service_commands import migrate_checkout, service_commands
from libs.events.commands import event_commands
from libs.events.errors import EventError
from libs.web.command import Service, run
from services.product_service.settings import ProductSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from fastapi import FastAPI

    from libs.db.schema import Schema
    from libs.db.sessions import SessionFactory
    from libs.events.consumer import Handler

_NAME = "product_service"


def _create_app(settings: ProductSettings) -> "FastAPI":
    from services.product_service.app import create_app  # noqa: PLC0415

    return create_app(settings)


def _schema() -> "Schema":
    from services.product_service.models import SCHEMA  # noqa: PLC0415

    return SCHEMA


def _handlers(_: ProductSettings, __: "SessionFactory") -> "Sequence[Handler[Any]]":
    from services.product_service.handlers import event_handlers  # noqa: PLC0415

    return event_handlers(SystemClock())


SERVICE = Service(
    name=_NAME,
    settings=ProductSettings,
    commands=service_commands(_NAME, create_app=_create_app, schema=_schema)
    | event_commands(_NAME, handlers=_handlers),
    prepare=lambda settings: migrate_checkout(_NAME, settings),
    startup_errors=(DatabaseError, EventError),
)

if __name__ == "__main__":
    sys.exit(run(SERVICE, sys.argv[1:]))
