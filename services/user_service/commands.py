"""Administrative commands, for what no request may do. A wrong operand raises `UserError`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from libs.clock.clock import SystemClock
from libs.db.sessions import SessionFactory, open_sessions
from services.user_service.models import ADMIN, email_key
from services.user_service.service.administration import AdministrationService
from services.user_service.service.audit import Audit
from services.user_service.service.clients import ClientRegister
from services.user_service.settings import UserSettings

_ACTOR = "command-line"
"""Who did it, in the audit log. No client can have this name."""


def add_client(settings: UserSettings, name: str, scopes: str) -> int:
    """Register a service; print its secret, alone, on stdout."""

    async def work(sessions: SessionFactory) -> None:
        secret = await ClientRegister(sessions, SystemClock()).add(name, scopes)
        sys.stdout.write(f"{secret}\n")

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


def _run(settings: UserSettings, work: Callable[[SessionFactory], Awaitable[None]]) -> int:
    async def with_database() -> None:
        sessions = open_sessions(settings.database, settings.database_limits)
        try:
            await work(sessions)
        finally:
            await sessions.close()

    asyncio.run(with_database())
    return 0
