"""A failed login, a registration and a request for an email do not show whether an account exists."""

from collections.abc import AsyncIterator
from functools import partial
from itertools import count
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from libs.auth.passwords import PasswordCheck, PasswordHash, Passwords
from libs.auth.throttle import AttemptThrottle
from libs.clock.testing import START, FakeClock
from libs.db.sessions import open_sessions
from libs.mail.testing import FakeMailer
from libs.web.testing import client_at, registered, running
from services.user_service.app import create_app
from services.user_service.models import email_key
from services.user_service.repository import users
from services.user_service.service import throttles
from services.user_service.service.email_outbox import EmailOutbox
from services.user_service.settings import UserSettings
from services.user_service.tests.response_times import Ask, largest_time_gap
from services.user_service.tests.user_fixtures import ANN, BOB, EVE, log_in, register

WRONG = "seven green lampions"
MINUTE = 60


class CountingPasswords(Passwords):
    """Counts argon2 hashes, of passwords that are compared and of new ones."""

    def __init__(self) -> None:
        super().__init__()
        self.hashes = 0

    def _hash(self, password: str) -> PasswordHash:
        self.hashes += 1
        return super()._hash(password)

    def _check(self, password: str, stored: PasswordHash) -> PasswordCheck:
        self.hashes += 1
        return super()._check(password, stored)


class Unlimited(AttemptThrottle):
    """Allows every attempt."""

    async def acquire(self, account: str, address: str) -> None:
        """Count nothing."""


@pytest.fixture
def passwords() -> CountingPasswords:
    """The password hasher of the service, at full cost."""
    return CountingPasswords()


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "AttemptThrottle", Unlimited)


@pytest.fixture
def app(settings: UserSettings, clock: FakeClock, mailer: FakeMailer, passwords: CountingPasswords) -> FastAPI:
    """The service without limits on attempts."""
    return create_app(settings, clock=clock, mailer=mailer, passwords=passwords)


@pytest.fixture
async def client(app: FastAPI, settings: UserSettings) -> AsyncIterator[httpx2.AsyncClient]:
    """The running service with Ann and, locked, Bob."""
    async with running(app) as opened:
        await register(opened, ANN)
        await register(opened, BOB)
        await _lock(settings, BOB["email"])
        yield opened


async def _lock(settings: UserSettings, email: str) -> None:
    sessions = open_sessions(settings.database)
    async with sessions.begin() as session:
        user = await users.find(session, email_key(email))
        assert user is not None
        user.locked_at = START
    await sessions.close()


FAILURES = {
    "unknown": {"email": "eve@example.com", "password": ANN["password"]},
    "wrong": {"email": ANN["email"], "password": WRONG},
    "locked": {"email": BOB["email"], "password": BOB["password"]},
}

ODD = {
    "no address": {"email": "not an address"},
    "an empty password": {"password": ""},
    "a password too long to be chosen": {"password": "x" * 1001},
    "a password as long as may be sent": {"password": "x" * 4096},
    "the password and more": {"password": ANN["password"] + "x" * 1000},
}


async def test_failures_look_alike_and_cost_one_hash(client: httpx2.AsyncClient, passwords: CountingPasswords) -> None:
    """Status, headers, body and length are the same, and so is the number of hashes."""
    seen = {}
    for name, changes in (FAILURES | ODD).items():
        before = passwords.hashes
        answer = await log_in(client, ANN, **changes)
        body = answer.json() | {"request_id": ""}
        headers = {header for header, _ in answer.headers.multi_items()}
        seen[name] = (answer.status_code, body, headers, len(answer.content), passwords.hashes - before)
    assert {name: each for name, each in seen.items() if each != seen["unknown"]} == {}
    assert (seen["unknown"][0], seen["unknown"][-1]) == (401, 1)


async def test_failures_take_the_same_time(client: httpx2.AsyncClient) -> None:
    """The times differ by less than a tenth."""
    kinds = {name: partial(log_in, client, ANN, **changes) for name, changes in FAILURES.items()}
    assert await largest_time_gap(kinds, tolerance=0.1) <= 0.1


async def test_requesting_an_email_takes_the_same_time_with_and_without_account(
    app: FastAPI, client: httpx2.AsyncClient, clock: FakeClock, mailer: FakeMailer
) -> None:
    """The times differ by less than a quarter of their median; the work that differs follows the response."""

    async def ask(email: str) -> None:
        assert (await client.post("/auth/password-reset", json={"email": email})).status_code == 202

    async def work_off() -> None:
        await registered(app, EmailOutbox).join()
        clock.advance(10 * MINUTE)

    kinds = {email: partial(ask, email) for email in (ANN["email"], EVE["email"])}
    assert await largest_time_gap(kinds, tolerance=0.25, afterwards=work_off) <= 0.25
    assert {email.to for email in mailer.sent[-100:]} == {ANN["email"]}


@pytest.fixture
async def with_mail(
    settings: UserSettings, clock: FakeClock, mailer: FakeMailer, passwords: CountingPasswords, tmp_path: Path
) -> AsyncIterator[FastAPI]:
    """The running service with Ann; it sends emails."""
    changed = settings.model_copy(update={"mail": f"folder:{tmp_path / 'mail'}"})
    app = create_app(changed, clock=clock, mailer=mailer, passwords=passwords)
    async with running(app) as client:
        await client.post("/users", json=ANN)
        yield app


async def test_registrations_look_alike_and_cost_one_hash(with_mail: FastAPI, passwords: CountingPasswords) -> None:
    """Status, headers, body and number of hashes are the same for a free and for a taken address."""
    seen = []
    async with client_at(with_mail, "203.0.113.9") as client:
        for person in (ANN, EVE):
            before = passwords.hashes
            answer = await client.post("/users", json=person)
            headers = {name: value for name, value in answer.headers.multi_items() if name != "x-request-id"}
            seen.append((answer.status_code, answer.content, headers, passwords.hashes - before))
    assert seen[0] == seen[1]
    assert (seen[0][0], seen[0][-1]) == (202, 1)


async def test_registrations_take_the_same_time(with_mail: FastAPI, clock: FakeClock) -> None:
    """The times for a free and for a taken address differ by less than a tenth."""
    numbers = count()

    async def work_off() -> None:
        await registered(with_mail, EmailOutbox).join()
        clock.advance(10 * MINUTE)

    async with client_at(with_mail, "203.0.113.9") as client:

        async def ask(person: dict[str, str]) -> None:
            assert (await client.post("/users", json=person)).status_code == 202

        async def ask_free() -> None:
            await ask(EVE | {"email": f"eve{next(numbers)}@example.com"})

        kinds: dict[str, Ask] = {"free": ask_free, "taken": partial(ask, ANN)}
        assert await largest_time_gap(kinds, tolerance=0.1, afterwards=work_off) <= 0.1
