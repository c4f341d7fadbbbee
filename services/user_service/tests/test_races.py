"""What ends logins ends those too that begin or go on at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar, cast

import httpx
import pytest

from libs.auth.claims import Subject
from libs.auth.passwords import PasswordHash, Passwords, Verdict
from libs.auth.refresh import Refreshed, RefreshTokens, TokenDigest
from libs.auth.testing import START, FakeClock
from libs.db.database import Connection, Database
from libs.db.statements import Statement
from services.user_service.models import FIRST_PARTY
from services.user_service.repository.grants import Grants
from services.user_service.tests.people import ANN, log_in, register

T = TypeVar("T")

_MEANWHILE = {
    "locked": Statement("UPDATE users SET locked_at = 1"),
    "changed": Statement("UPDATE users SET password_changed_at = password_changed_at + 1"),
    "deleted": Statement("DELETE FROM users"),
}
_GRANTS = Statement("SELECT digest FROM refresh_grants")
_SUCCESSOR = TokenDigest(bytes(32))


@pytest.mark.parametrize("what", _MEANWHILE)
async def test_a_login_does_not_begin_after_its_end(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The account may be locked, changed or gone by the time at which its password has been looked at."""
    await register(client, ANN)
    check = Passwords.check

    async def check_slowly(passwords: Passwords, password: str, stored: PasswordHash | None) -> Verdict:
        verdict = await check(passwords, password, stored)
        await database.fetch_all(_MEANWHILE[what])
        return verdict

    monkeypatch.setattr(Passwords, "check", check_slowly)
    assert (await log_in(client, ANN)).status_code == 401
    assert not await database.fetch_all(_GRANTS)


class _Lingering:
    """A database whose transactions do not end before `going`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.done, self.going = asyncio.Event(), asyncio.Event()

    async def atomically(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """As a database does, with a pause at the end."""
        async with self._database.transaction() as transaction:
            result = await work(transaction)
            self.done.set()
            await self.going.wait()
        return result


async def _first_grant(client: httpx.AsyncClient, database: Database, clock: FakeClock) -> Refreshed:
    subject = Subject(await register(client, ANN))
    return await RefreshTokens(Grants(database), clock=clock).start(
        subject=subject, client_id=FIRST_PARTY, scopes=frozenset()
    )


@pytest.mark.parametrize("ends_all", [False, True], ids=["family", "subject"])
async def test_no_successor_escapes_the_end_of_its_login(
    client: httpx.AsyncClient, database: Database, clock: FakeClock, *, ends_all: bool
) -> None:
    """One that is being stored while the login is ended is ended with it."""
    grant = (await _first_grant(client, database, clock)).grant
    lingering, grants = _Lingering(database), Grants(database)
    renewing = asyncio.create_task(
        Grants(cast("Database", lingering)).replace(grant.digest, replace(grant, digest=_SUCCESSOR))
    )
    await lingering.done.wait()
    end = grants.revoke_subject(grant.subject, at=START) if ends_all else grants.revoke_family(grant.family, at=START)
    ending = asyncio.create_task(end)
    # For the end to be on its way; should it come later than this, there is less to see and nothing wrong.
    await asyncio.sleep(0.3)
    lingering.going.set()
    assert await renewing
    await ending
    successor = await grants.find(_SUCCESSOR)
    assert successor is not None
    assert successor.revoked_at is not None
