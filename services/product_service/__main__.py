"""The command line of the product service."""

import sys
from typing import TYPE_CHECKING

from libs.db.errors import DatabaseError
from libs.db.service_commands import migrate_checkout, service_commands
from libs.web.command import Service, run
from services.product_service.settings import ProductSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from libs.db.schema import Schema

_NAME = "product_service"


def _create_app(settings: ProductSettings) -> "FastAPI":
    from services.product_service.app import create_app  # noqa: PLC0415

    return create_app(settings)


def _schema() -> "Schema":
    from services.product_service.models import SCHEMA  # noqa: PLC0415

    return SCHEMA


SERVICE = Service(
    name=_NAME,
    settings=ProductSettings,
    commands=service_commands(_NAME, create_app=_create_app, schema=_schema),
    prepare=lambda settings: migrate_checkout(_NAME, settings),
    startup_errors=(DatabaseError,),
)

if __name__ == "__main__":
    sys.exit(run(SERVICE, sys.argv[1:]))
