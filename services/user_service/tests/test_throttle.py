"""Guessing is throttled per account and per network address, and the owner can still log in."""

from fastapi import FastAPI

from libs.auth.throttle import PER_ACCOUNT, PER_NETWORK
from libs.clock.testing import START, FakeClock
from libs.db.sessions import SessionFactory
from libs.web.testing import client_at, running
from services.user_service.models import UserId
from services.user_service.repository import users
from services.user_service.tests.user_fixtures import ANN, BOB, EVE, log_in, register

WRONG = "seven green lampions"


async def test_a_stranger_cannot_lock_the_owner_out(app: FastAPI) -> None:
    """Failures from one address do not count at another, and a success takes back the owner's own."""
    async with (
        running(app) as client,
        client_at(app, "203.0.113.9") as stranger,
        client_at(app, "198.51.100.7") as owner,
    ):
        await register(client, ANN)
        codes = [(await log_in(stranger, ANN, password=WRONG)).status_code for _ in range(8)]
        assert codes == [401] * 5 + [429] * 3
        for _ in range(3):
            failures = [(await log_in(owner, ANN, password=WRONG)).status_code for _ in range(4)]
            assert failures == [401] * 4
            assert (await log_in(owner, ANN)).status_code == 200


async def test_one_address_tries_few_accounts(app: FastAPI, clock: FakeClock) -> None:
    """One password tried on many accounts is throttled, with `Retry-After`."""
    async with running(app), client_at(app, "203.0.113.9") as stranger, client_at(app, "2001:db8::1") as other:
        for number in range(PER_NETWORK.attempts):
            assert (await log_in(stranger, ANN, email=f"user{number}@example.com")).status_code == 401
        refused = await log_in(stranger, ANN, email="one-more@example.com")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) == PER_NETWORK.seconds
        assert (await log_in(other, ANN, email="one-more@example.com")).status_code == 401
        clock.advance(PER_NETWORK.seconds)
        assert (await log_in(stranger, ANN, email="one-more@example.com")).status_code == 401


async def test_registrations_of_one_address_are_throttled(app: FastAPI, clock: FakeClock) -> None:
    """Registrations, which reveal whether an address is taken, are limited; a refused password does not count."""
    async with running(app), client_at(app, "203.0.113.9") as stranger, client_at(app, "198.51.100.7") as other:
        for _ in range(10):
            assert (await stranger.post("/users", json=ANN | {"password": "too short"})).status_code == 422
        codes = [(await stranger.post("/users", json=ANN)).status_code for _ in range(6)]
        assert codes == [201] + [409] * 4 + [429]
        refused = await stranger.post("/users", json=ANN)
        assert int(refused.headers["retry-after"]) == PER_ACCOUNT.seconds
        assert (await other.post("/users", json=ANN)).status_code == 409
        # A registration uses up no login.
        assert (await log_in(stranger, ANN)).status_code == 200
        clock.advance(PER_ACCOUNT.seconds)
        assert (await stranger.post("/users", json=ANN)).status_code == 409


async def test_one_network_registers_a_limited_number(app: FastAPI) -> None:
    """Registrations from one network are limited; other networks are not affected."""
    async with running(app), client_at(app, "203.0.113.9") as stranger, client_at(app, "198.51.100.7") as other:
        people = [ANN | {"email": f"user{number}@example.com"} for number in range(PER_NETWORK.attempts + 3)]
        codes = [(await stranger.post("/users", json=person)).status_code for person in people]
        assert codes == [201] * PER_NETWORK.attempts + [429] * 3
        assert (await other.post("/users", json=BOB)).status_code == 201


async def test_throttling_begins_alike_for_everybody(app: FastAPI, sessions: SessionFactory) -> None:
    """Existing, locked and unknown accounts are throttled in the same way, so throttling does not reveal them."""
    async with running(app) as client:
        await register(client, ANN)
        bob = UserId(await register(client, BOB))
        async with sessions.begin() as session:
            (await users.existing(session, bob)).locked_at = START
        known, locked, unknown = [await _exhaust(app, person) for person in (ANN, BOB, EVE)]
    assert known == locked == unknown
    assert [status for status, _, _ in known] == [401] * 5 + [429] * 3


async def _exhaust(app: FastAPI, person: dict[str, str]) -> list[tuple[int, str | None, dict[str, str]]]:
    """Return the responses to repeated wrong passwords from another network."""
    async with client_at(app, "203.0.113.9") as stranger:
        answers = [await log_in(stranger, person, password=WRONG) for _ in range(8)]
    return [(each.status_code, each.headers.get("retry-after"), each.json() | {"request_id": ""}) for each in answers]
