"""Failed logins and throttled attempts are in the security log and in the metrics, without personal data."""

import hashlib
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from libs.auth.passwords import Passwords
from libs.clock.testing import START, FakeClock
from libs.db.sessions import SessionFactory
from libs.mail.testing import FakeMailer
from libs.web.testing import registered, running
from services.user_service.app import create_app
from services.user_service.models import UserId, email_key
from services.user_service.repository import users
from services.user_service.service.security_log import LoginFailure, SecurityLog
from services.user_service.settings import UserSettings
from services.user_service.tests.conftest import CHEAP
from services.user_service.tests.user_fixtures import ANN, BOB, EVE, log_in, register

WRONG = "seven green lampions"
CLIENT = "127.0.0.1"


@pytest.fixture
def log() -> Iterator[list[Any]]:
    """The events of the test."""
    with capture_logs() as events:
        yield events


def _events(log: list[Any], *names: str) -> list[Any]:
    return [event for event in log if event["event"] in names]


def _account(user: dict[str, str]) -> str:
    return hashlib.sha256(email_key(user["email"]).encode()).hexdigest()[:16]


def _metric(app: FastAPI, name: str, **labels: str) -> float:
    value: float | None = registered(app, CollectorRegistry).get_sample_value(name, labels)
    return 0.0 if value is None else value


async def test_a_failed_login_says_account_address_and_reason(
    app: FastAPI, client: httpx2.AsyncClient, sessions: SessionFactory, log: list[Any]
) -> None:
    """Events distinguish the three reasons, which the response does not; no event has an email address."""
    await register(client, ANN)
    bob = UserId(await register(client, BOB))
    async with sessions.begin() as session:
        (await users.existing(session, bob)).locked_at = START
    for user, password in ((ANN, WRONG), (BOB, BOB["password"]), (BOB, WRONG), (EVE, WRONG)):
        assert (await log_in(client, user, password=password)).status_code == 401
    found = [(each["account"], each["address"], each["reason"]) for each in _events(log, "login_failed")]
    assert found == [
        (_account(ANN), CLIENT, "wrong_password"),
        (_account(BOB), CLIENT, "locked"),
        (_account(BOB), CLIENT, "wrong_password"),
        (_account(EVE), CLIENT, "unknown_account"),
    ]
    assert "example.com" not in str(_events(log, "login_failed"))
    assert _metric(app, "login_failures_total", reason="wrong_password") == 2
    assert _metric(app, "login_failures_total", reason="locked") == 1
    assert _metric(app, "login_failures_total", reason="unknown_account") == 1


async def test_a_throttled_attempt_says_account_address_and_kind(
    app: FastAPI, client: httpx2.AsyncClient, log: list[Any]
) -> None:
    """Events distinguish logins, registrations and requests for emails."""
    await register(client, ANN)
    for _ in range(6):
        await log_in(client, ANN, password=WRONG)
        await client.post("/users", json=ANN)
        await client.post("/auth/password-reset", json={"email": ANN["email"]})
    found = [(each["account"], each["address"], each["reason"]) for each in _events(log, "attempt_throttled")]
    assert found == [
        (_account(ANN), CLIENT, "registration"),
        (_account(ANN), CLIENT, "login"),
        (_account(ANN), CLIENT, "registration"),
        (_account(ANN), CLIENT, "recovery"),
    ]
    assert _metric(app, "login_throttled_total", kind="login") == 1
    assert _metric(app, "login_throttled_total", kind="registration") == 2
    assert _metric(app, "login_throttled_total", kind="recovery") == 1


def test_the_log_is_limited_and_the_metrics_are_not(log: list[Any]) -> None:
    """At the limit of lines per minute, one line reports it; a minute later a line has the number of omitted ones."""
    clock, registry = FakeClock(), CollectorRegistry()
    security = SecurityLog(clock=clock, registry=registry, lines_per_minute=10)
    for _ in range(700):
        security.login_failed("ann", CLIENT, LoginFailure.MISMATCH)
        clock.advance(0.01)
    assert [each["event"] for each in log] == ["login_failed"] * 10 + ["security_events_suppressed"]
    assert registry.get_sample_value("login_failures_total", {"reason": "wrong_password"}) == 700
    log.clear()
    clock.advance(60)
    security.throttled("login", "ann", CLIENT)
    assert [each["event"] for each in log] == ["security_events_resumed", "attempt_throttled"]
    assert log[0]["suppressed"] == 690
    log.clear()
    clock.advance(60)
    security.throttled("login", "ann", CLIENT)
    assert [each["event"] for each in log] == ["attempt_throttled"]


async def test_a_full_password_queue_does_not_use_up_attempts(
    settings: UserSettings, clock: FakeClock, log: list[Any]
) -> None:
    """A login that is rejected because the queue is full is throttled and logged, and does not count as an attempt."""
    passwords = Passwords(CHEAP, max_waiting=0)
    app = create_app(settings, clock=clock, mailer=FakeMailer(), passwords=passwords)
    async with running(app) as client:
        for _ in range(10):
            answer = await log_in(client, ANN)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert _metric(app, "login_throttled_total", kind="password_queue") == 10
        assert _metric(app, "login_throttled_total", kind="login") == 0
        assert _metric(app, "password_queue_length", kind="check") == 0
    assert {each["reason"] for each in _events(log, "attempt_throttled")} == {"password_queue"}
