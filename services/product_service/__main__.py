"""The command line of the product service. Each command imports what it alone needs."""

import sys
from pathlib import Path

from libs.db.errors import DatabaseError
from libs.web.checkout import run_again
from libs.web.command import Command, Service, run
from libs.web.errors import Refusal
from services.product_service.settings import ProductSettings

_MODULE = "services.product_service"


def _serve(settings: ProductSettings) -> int:
    from libs.db.alone import serving_alone  # noqa: PLC0415
    from libs.web.server import serve  # noqa: PLC0415
    from services.product_service.app import create_app  # noqa: PLC0415

    try:
        with serving_alone(settings.database):
            return serve(create_app(settings), settings)
    except DatabaseError as error:
        raise Refusal(str(error)) from error


def _migrate(settings: ProductSettings) -> int:
    from libs.db.command import migrate  # noqa: PLC0415

    return migrate(settings.database, Path(__file__).parent / "migrations")


def _prepare(settings: ProductSettings) -> None:
    run_again(_MODULE, "migrate", PRODUCT_SERVICE_DATA_DIR=str(settings.data_dir))


SERVICE = Service(
    name="product_service",
    settings=ProductSettings,
    commands={
        "serve": Command("answer requests", _serve),
        "migrate": Command("bring the database's tables up to date", _migrate),
    },
    prepare=_prepare,
)

if __name__ == "__main__":
    sys.exit(run(SERVICE, sys.argv[1:]))
