"""Administrative commands, for what no request may do. A wrong operand raises `UserError`."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from libs.clock.clock import SystemClock
from libs.db.sessions import SessionFactory, open_sessions
from services.user_service.errors import BadClient
from services.user_service.models import ADMIN, email_key
from services.user_service.service.administration import AdministrationService
from services.user_service.service.audit import Audit
from services.user_service.service.clients import ClientRegister
from services.user_service.settings import UserSettings

_ACTOR = "command-line"
"""Who did it, in the audit log. No client can have this name."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{20,}")


def add_client(settings: UserSettings, name: str, scopes: str) -> int:
    """Register a service; print its secret, alone, on stdout."""

    async def work(sessions: SessionFactory) -> None:
        secret = await ClientRegister(sessions, SystemClock()).add(name, scopes)
        sys.stdout.write(f"{secret}\n")

    return _run(settings, work)


def ensure_client(settings: UserSettings, name: str, scopes: str, file: str) -> int:
    """Register a service with these scopes, unless `file` holds the secret of one; write a new secret to the file."""
    path = Path(file)

    async def work(sessions: SessionFactory) -> None:
        secret = await ClientRegister(sessions, SystemClock()).ensure(name, scopes, _read_secret(path))
        if secret is not None:
            _write_secret(path, secret)

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
        raise BadClient(f"{path} holds something else than a client secret: delete it, or name another file")
    return text


def _write_secret(path: Path, secret: str) -> None:
    draft = path.with_name(f".{path.name}")
    try:
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(f"{secret}\n")
        draft.rename(path)
    except OSError as error:
        raise BadClient(f"{path} cannot be written: {error.strerror}; run the command again") from error


def _run(settings: UserSettings, work: Callable[[SessionFactory], Awaitable[None]]) -> int:
    async def with_database() -> None:
        sessions = open_sessions(settings.database, settings.database_limits)
        try:
            await work(sessions)
        finally:
            await sessions.close()

    asyncio.run(with_database())
    return 0
