"""A change that ends logins also ends logins that start or refresh concurrently."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import httpx2
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.auth.claims import Subject
from libs.auth.passwords import PasswordCheck, PasswordHash, Passwords
from libs.auth.refresh import Refreshed, RefreshTokens, TokenDigest
from libs.clock.testing import START, FakeClock
from libs.db.sessions import SessionFactory, retry_on_conflict
from services.user_service.models import FIRST_PARTY, RefreshGrantRow
from services.user_service.repository.grants import Grants
from services.user_service.tests.user_fixtures import ANN, log_in, register

_MEANWHILE = {
    "locked": text("UPDATE users SET locked_at = 1"),
    "changed": text("UPDATE users SET password_changed_at = password_changed_at + 1"),
    "deleted": text("DELETE FROM users"),
}
_SUCCESSOR = TokenDigest(bytes(32))


@pytest.mark.parametrize("what", _MEANWHILE)
async def test_a_login_does_not_begin_after_its_end(
    client: httpx2.AsyncClient, sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A login fails if the account is locked, changed or deleted while its password is compared."""
    await register(client, ANN)
    check = Passwords.check

    # The mail of the registration may be stored at the same moment.
    @retry_on_conflict
    async def end_meanwhile() -> None:
        async with sessions.begin() as session:
            await session.execute(_MEANWHILE[what])

    async def check_slowly(passwords: Passwords, password: str, stored: PasswordHash | None) -> PasswordCheck:
        verdict = await check(passwords, password, stored)
        await end_meanwhile()
        return verdict

    monkeypatch.setattr(Passwords, "check", check_slowly)
    assert (await log_in(client, ANN)).status_code == 401
    async with sessions.read() as session:
        assert (await session.scalars(select(RefreshGrantRow))).all() == []


class _Lingering:
    """Sessions whose transactions do not end before `going`."""

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions
        self.done, self.going = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """Begin a transaction like `SessionFactory`, with a pause before the commit."""
        async with self._sessions.begin() as session:
            yield session
            await session.flush()
            self.done.set()
            await self.going.wait()


async def _first_grant(client: httpx2.AsyncClient, sessions: SessionFactory, clock: FakeClock) -> Refreshed:
    subject = Subject(await register(client, ANN))
    return await RefreshTokens(Grants(sessions), clock=clock).start(
        subject=subject, client_id=FIRST_PARTY, scopes=frozenset()
    )


@pytest.mark.parametrize("ends_all", [False, True], ids=["family", "subject"])
async def test_no_successor_escapes_the_end_of_its_login(
    client: httpx2.AsyncClient, sessions: SessionFactory, clock: FakeClock, *, ends_all: bool
) -> None:
    """A refresh token that is stored while its login is ended is revoked too."""
    grant = (await _first_grant(client, sessions, clock)).grant
    lingering, grants = _Lingering(sessions), Grants(sessions)
    renewing = asyncio.create_task(
        Grants(cast("SessionFactory", lingering)).replace(grant.digest, replace(grant, digest=_SUCCESSOR))
    )
    await lingering.done.wait()
    end = grants.revoke_subject(grant.subject, at=START) if ends_all else grants.revoke_family(grant.family, at=START)
    ending = asyncio.create_task(end)
    # Time for the other request to start. If it starts later, the test checks less and still passes.
    await asyncio.sleep(0.3)
    lingering.going.set()
    assert await renewing
    await ending
    successor = await grants.find(_SUCCESSOR)
    assert successor is not None
    assert successor.revoked_at is not None
