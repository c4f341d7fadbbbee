"""Administrative commands for tasks that no HTTP request can do. A wrong operand raises `UserError`."""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from libs.auth.clients import new_client_secret
from libs.clock.clock import SystemClock
from libs.db.sessions import SessionFactory, open_sessions
from services.user_service.errors import BadClient
from services.user_service.models import ADMIN, email_key
from services.user_service.service.administration import AdministrationService
from services.user_service.service.audit import Audit
from services.user_service.service.clients import ClientRegister
from services.user_service.settings import UserSettings

_ACTOR = "command-line"
"""The actor in the audit log. No client can have this name."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{20,}")


def add_client(settings: UserSettings, name: str, scopes: str) -> int:
    """Register a service; print only its secret to stdout."""

    async def work(sessions: SessionFactory) -> None:
        secret = await ClientRegister(sessions, SystemClock()).add(name, scopes)
        sys.stdout.write(f"{secret}\n")

    return _run(settings, work)


def ensure_client(settings: UserSettings, name: str, scopes: str, file: str) -> int:
    """Register a service with these scopes, unless `file` holds the secret of one; write a new secret to the file."""
    path = Path(file)

    async def work(sessions: SessionFactory) -> None:
        known, replacement = _read_secret(path), new_client_secret()
        # Before the database is changed: if the file cannot be written, the client stays as it is.
        draft = _write_draft(path, replacement)
        try:
            register = ClientRegister(sessions, SystemClock())
            if await register.ensure(name, scopes, secret=known, replacement=replacement):
                draft.rename(path)
            else:
                _make_private(path)
        finally:
            draft.unlink(missing_ok=True)

    return _run(settings, work)


def remove_client(settings: UserSettings, name: str) -> int:
    """Forget a service."""

    async def work(sessions: SessionFactory) -> None:
        await ClientRegister(sessions, SystemClock()).remove(name)

    return _run(settings, work)


def grant_admin(settings: UserSettings, email: str) -> int:
    """Make a registered user an administrator, which is how the first one comes to be."""

    async def work(sessions: SessionFactory) -> None:
        clock = SystemClock()
        administration = AdministrationService(sessions, audit=Audit(clock, request_id=lambda: None), clock=clock)
        await administration.grant_by_address(ADMIN, email_key(email), actor=_ACTOR)

    return _run(settings, work)


def _read_secret(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise BadClient(f"{path} cannot be read: {error}") from error
    if text and not _SECRET.fullmatch(text):
        raise BadClient(f"{path} does not contain a client secret: delete it, or name another file")
    return text


def _make_private(path: Path) -> None:
    # A file of another user is not changed.
    with suppress(PermissionError):
        path.chmod(0o600)


def _write_draft(path: Path, secret: str) -> Path:
    """Write a secret to a new file beside `path` that only this user can read."""
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(f"{secret}\n")
    except OSError as error:
        raise BadClient(f"{path} cannot be written: {error.strerror}") from error
    return Path(draft)


def _run(settings: UserSettings, work: Callable[[SessionFactory], Awaitable[None]]) -> int:
    async def with_database() -> None:
        sessions = open_sessions(settings.database, settings.database_limits)
        try:
            await work(sessions)
        finally:
            await sessions.close()

    asyncio.run(with_database())
    return 0
