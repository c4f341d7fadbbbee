"""The command line of the user service. Each command imports what it alone needs."""

import sys

from libs.auth.clock import SystemClock
from libs.auth.errors import UnusableKey
from libs.auth.key_files import KeyFolder
from libs.auth.keys import KeyRing
from libs.auth.rotate import rotate
from libs.db.errors import DatabaseError
from libs.mail.errors import BadMailSetting
from libs.web.checkout import run_command
from libs.web.command import Command, Service, run
from libs.web.errors import StartupError
from services.user_service.settings import UserSettings

_MODULE = "services.user_service"


def _serve(settings: UserSettings) -> int:
    from libs.db.process_lock import single_process_lock  # noqa: PLC0415
    from libs.web.server import serve  # noqa: PLC0415
    from services.user_service.app import create_app  # noqa: PLC0415

    try:
        KeyRing.from_folder(settings.keys, clock=SystemClock())
    except UnusableKey as error:
        raise StartupError(f"{error}. The command rotate-keys writes one.") from error
    try:
        app = create_app(settings)
    except BadMailSetting as error:
        raise StartupError(f"USER_SERVICE_MAIL: {error}") from error
    try:
        with single_process_lock(settings.database):
            return serve(app, settings)
    except DatabaseError as error:
        raise StartupError(str(error)) from error


def _migrate(settings: UserSettings) -> int:
    from libs.db.commands import migrate  # noqa: PLC0415
    from services.user_service.models import SCHEMA  # noqa: PLC0415

    return migrate(settings.database, SCHEMA, transaction_pooler=settings.database_transaction_pooler)


def _rotate_keys(settings: UserSettings) -> int:
    try:
        done = rotate(KeyFolder(settings.keys), clock=SystemClock())
    except UnusableKey as error:
        raise StartupError(str(error)) from error
    sys.stderr.writelines(f"rotate-keys: {line}\n" for line in done)
    return 0


def _first_key(settings: UserSettings) -> int:
    return 0 if KeyFolder(settings.keys).holds_keys() else _rotate_keys(settings)


def _add_client(settings: UserSettings, name: str, scopes: str) -> int:
    from services.user_service.commands import add_client  # noqa: PLC0415

    return add_client(settings, name, scopes)


def _remove_client(settings: UserSettings, name: str) -> int:
    from services.user_service.commands import remove_client  # noqa: PLC0415

    return remove_client(settings, name)


def _grant_admin(settings: UserSettings, email: str) -> int:
    from services.user_service.commands import grant_admin  # noqa: PLC0415

    return grant_admin(settings, email)


def _migration(_: UserSettings, message: str) -> int:
    from libs.db.commands import migration  # noqa: PLC0415
    from services.user_service.models import SCHEMA  # noqa: PLC0415

    return migration(message, SCHEMA, name="user_service")


def _empty_migration(_: UserSettings, message: str) -> int:
    from libs.db.commands import migration  # noqa: PLC0415
    from services.user_service.models import SCHEMA  # noqa: PLC0415

    return migration(message, SCHEMA, name="user_service", is_empty=True)


def _prepare(settings: UserSettings) -> None:
    run_command(_MODULE, "migrate", USER_SERVICE_DATA_DIR=str(settings.data_dir))
    _first_key(settings)


SERVICE = Service(
    name="user_service",
    settings=UserSettings,
    commands={
        "serve": Command("answer requests", _serve),
        "migrate": Command("bring the database's tables up to date", _migrate),
        "migration": Command("write the next migration into the source tree", _migration, ("MESSAGE",)),
        "empty-migration": Command("write one without steps, for triggers or data", _empty_migration, ("MESSAGE",)),
        "first-key": Command("write a signing key where there is none", _first_key),
        "rotate-keys": Command("write the next signing key, drop spent ones", _rotate_keys),
        "grant-admin": Command("make a registered user an administrator", _grant_admin, ("EMAIL",)),
        "add-client": Command("register a service and print its secret", _add_client, ("NAME", "SCOPES")),
        "remove-client": Command("forget a service", _remove_client, ("NAME",)),
    },
    prepare=_prepare,
)

if __name__ == "__main__":
    sys.exit(run(SERVICE, sys.argv[1:]))
