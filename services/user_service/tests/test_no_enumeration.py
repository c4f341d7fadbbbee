"""Nobody learns from a failed login whether there is such an account."""

import time
from collections.abc import AsyncIterator
from statistics import median

import httpx
import pytest

from libs.auth.passwords import PasswordHash, Passwords, Verdict
from libs.auth.testing import FakeClock
from libs.auth.throttle import MemoryThrottle
from libs.db.columns import Micros
from libs.db.connect import connect
from libs.web.testing import running
from services.user_service import app as user_service
from services.user_service.app import create_app
from services.user_service.models import email_key
from services.user_service.repository import users
from services.user_service.settings import UserSettings
from services.user_service.tests.people import ANN, BOB, log_in, register

WRONG = "seven green lampions"
ROUNDS = 100
ATTEMPTS = 6
TOLERANCE = 0.10


class CountingPasswords(Passwords):
    """Counts what is compared with an argon2 hash."""

    def __init__(self) -> None:
        super().__init__()
        self.hashes = 0

    def _check(self, password: str, stored: PasswordHash) -> Verdict:
        self.hashes += 1
        return super()._check(password, stored)


class Patience(MemoryThrottle):
    """Lets a test try as often as it likes."""

    async def admit(self, account: str, address: str) -> None:
        """Refuse nobody."""


@pytest.fixture
def passwords() -> CountingPasswords:
    """What the service hashes with, at full cost."""
    return CountingPasswords()


@pytest.fixture
async def client(
    settings: UserSettings, clock: FakeClock, passwords: CountingPasswords, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The running service with Ann and, locked, Bob; it slows nobody down."""
    monkeypatch.setattr(user_service, "MemoryThrottle", Patience)
    async with running(create_app(settings, clock=clock, passwords=passwords)) as opened:
        await register(opened, ANN)
        await register(opened, BOB)
        await _lock(settings, BOB["email"])
        yield opened


async def _lock(settings: UserSettings, email: str) -> None:
    database = await connect(settings.database)
    try:
        user = await users.find(database, email_key(email))
        assert user is not None
        await users.set_locked(database, user.id, Micros(1))
    finally:
        await database.close()


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


async def test_failures_look_alike_and_cost_one_hash(client: httpx.AsyncClient, passwords: CountingPasswords) -> None:
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


async def test_failures_take_the_same_time(client: httpx.AsyncClient) -> None:
    """The medians of 300 interleaved attempts are within a tenth; on a busy machine, in one of six tries."""
    spreads = []
    for _ in range(ATTEMPTS):
        spreads.append(await _spread(client))
        if spreads[-1] <= TOLERANCE:
            return
    pytest.fail(f"medians differ by {[f'{spread:.0%}' for spread in spreads]}")


async def _spread(client: httpx.AsyncClient) -> float:
    times: dict[str, list[float]] = {name: [] for name in FAILURES}
    for _ in range(ROUNDS):
        for name, changes in FAILURES.items():
            started = time.perf_counter()
            await log_in(client, ANN, **changes)
            times[name].append(time.perf_counter() - started)
    medians = [median(each) for each in times.values()]
    return max(medians) / min(medians) - 1
