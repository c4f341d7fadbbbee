"""The command line of the user service."""

import sys
from typing import TYPE_CHECKING

from libs.auth.errors import InvalidThrottleUri, UnusableKey
from libs.auth.key_files import KeyFolder
from libs.auth.keys import KeyRing
from libs.auth.rotate import revoke, rotate
from libs.clock.clock import SystemClock
from libs.db.errors import DatabaseError
from libs.db.service_commands import migrate_checkout, service_commands
from libs.events.commands import event_commands
from libs.events.errors import EventError
from libs.mail.errors import MailConfigurationError
from libs.web.command import Command, Service, run
from libs.web.errors import StartupError
from services.user_service.errors import UserError
from services.user_service.settings import UserSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from fastapi import FastAPI

    from libs.db.schema import Schema
    from libs.db.sessions import SessionFactory
    from libs.events.consumer import Handler

_NAME = "user_service"


def _check_keys(settings: UserSettings) -> None:
    try:
        KeyRing.from_folder(settings.keys, clock=SystemClock())
    except UnusableKey as error:
        raise StartupError(f"{error}. The command rotate-keys writes one.") from error


def _create_app(settings: UserSettings) -> "FastAPI":
    from services.user_service.app import create_app  # noqa: PLC0415

    try:
        return create_app(settings)
    except MailConfigurationError as error:
        raise StartupError(f"USER_SERVICE_MAIL: {error}") from error
    except InvalidThrottleUri as error:
        raise StartupError(f"USER_SERVICE_THROTTLE_URI: {error}") from error


def _schema() -> "Schema":
    from services.user_service.models import SCHEMA  # noqa: PLC0415

    return SCHEMA


def _handlers(_: UserSettings, __: "SessionFactory") -> "Sequence[Handler[Any]]":
    from services.user_service.handlers import event_handlers  # noqa: PLC0415

    return event_handlers(SystemClock())


def _rotate_keys(settings: UserSettings) -> int:
    done = rotate(KeyFolder(settings.keys), clock=SystemClock())
    sys.stderr.writelines(f"rotate-keys: {line}\n" for line in done)
    return 0


def _revoke_key(settings: UserSettings, key_id: str) -> int:
    done = revoke(KeyFolder(settings.keys), key_id, clock=SystemClock())
    sys.stderr.writelines(f"revoke-key: {line}\n" for line in done)
    return 0


def _first_key(settings: UserSettings) -> int:
    return 0 if KeyFolder(settings.keys).holds_keys() else _rotate_keys(settings)


def _add_client(settings: UserSettings, name: str, scopes: str) -> int:
    from services.user_service.commands import add_client  # noqa: PLC0415

    return add_client(settings, name, scopes)


def _ensure_client(settings: UserSettings, name: str, scopes: str, file: str) -> int:
    from services.user_service.commands import ensure_client  # noqa: PLC0415

    return ensure_client(settings, name, scopes, file)


def _remove_client(settings: UserSettings, name: str) -> int:
    from services.user_service.commands import remove_client  # noqa: PLC0415

    return remove_client(settings, name)


def _grant_admin(settings: UserSettings, email: str) -> int:
    from services.user_service.commands import grant_admin  # noqa: PLC0415

    return grant_admin(settings, email)


def _prepare(settings: UserSettings) -> None:
    migrate_checkout(_NAME, settings)
    _first_key(settings)


SERVICE = Service(
    name=_NAME,
    settings=UserSettings,
    commands=service_commands(_NAME, create_app=_create_app, schema=_schema, before_serving=_check_keys)
    | event_commands(_NAME, handlers=_handlers)
    | {
        "first-key": Command("write a signing key where there is none", _first_key),
        "rotate-keys": Command("write the next signing key, delete expired ones", _rotate_keys),
        "revoke-key": Command(
            "delete a leaked signing key; if it is the one that signs, write a new one first", _revoke_key, ("KID",)
        ),
        "grant-admin": Command("make a registered user an administrator", _grant_admin, ("EMAIL",)),
        "add-client": Command("register a service and print its secret", _add_client, ("NAME", "SCOPES")),
        "ensure-client": Command(
            "register a service unless FILE holds its secret, and write a new secret to FILE",
            _ensure_client,
            ("NAME", "SCOPES", "FILE"),
        ),
        "remove-client": Command("forget a service", _remove_client, ("NAME",)),
    },
    prepare=_prepare,
    startup_errors=(DatabaseError, EventError, UnusableKey, UserError),
)

if __name__ == "__main__":
    sys.exit(run(SERVICE, sys.argv[1:]))
