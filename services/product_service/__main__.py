"""The command line of the product service. Each command imports what it alone needs."""

import sys

from libs.db.errors import DatabaseError
from libs.web.checkout import run_command
from libs.web.command import Command, Service, run
from libs.web.errors import StartupError
from services.product_service.settings import ProductSettings

_MODULE = "services.product_service"


def _serve(settings: ProductSettings) -> int:
    from libs.db.process_lock import single_process_lock  # noqa: PLC0415
    from libs.web.server import serve  # noqa: PLC0415
    from services.product_service.app import create_app  # noqa: PLC0415

    try:
        with single_process_lock(settings.database):
            return serve(create_app(settings), settings)
    except DatabaseError as error:
        raise StartupError(str(error)) from error


def _migrate(settings: ProductSettings) -> int:
    from libs.db.commands import migrate  # noqa: PLC0415
    from services.product_service.models import SCHEMA  # noqa: PLC0415

    return migrate(settings.database, SCHEMA, transaction_pooler=settings.database_transaction_pooler)


def _migration(_: ProductSettings, message: str) -> int:
    from libs.db.commands import migration  # noqa: PLC0415
    from services.product_service.models import SCHEMA  # noqa: PLC0415

    return migration(message, SCHEMA, name="product_service")


def _empty_migration(_: ProductSettings, message: str) -> int:
    from libs.db.commands import migration  # noqa: PLC0415
    from services.product_service.models import SCHEMA  # noqa: PLC0415

    return migration(message, SCHEMA, name="product_service", is_empty=True)


def _prepare(settings: ProductSettings) -> None:
    run_command(_MODULE, "migrate", PRODUCT_SERVICE_DATA_DIR=str(settings.data_dir))


SERVICE = Service(
    name="product_service",
    settings=ProductSettings,
    commands={
        "serve": Command("answer requests", _serve),
        "migrate": Command("bring the database's tables up to date", _migrate),
        "migration": Command("write the next migration into the source tree", _migration, ("MESSAGE",)),
        "empty-migration": Command("write one without steps, for triggers or data", _empty_migration, ("MESSAGE",)),
    },
    prepare=_prepare,
)

if __name__ == "__main__":
    sys.exit(run(SERVICE, sys.argv[1:]))
