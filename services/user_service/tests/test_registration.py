"""Where emails are sent, a registration does not show whether its address has an account; an email does."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from libs.auth.passwords import Passwords
from libs.clock.testing import FakeClock
from libs.db.sessions import SessionFactory
from libs.mail.smtp_testing import FakeSmtpServer, running_smtp_server, write_certificate
from libs.web.testing import client_at, registered, running
from services.user_service.app import create_app
from services.user_service.models import Action, AuditEntry, User
from services.user_service.service.email_outbox import EmailOutbox
from services.user_service.settings import UserSettings
from services.user_service.tests.conftest import CHEAP
from services.user_service.tests.user_fixtures import ANN, BOB, log_in, tokens

_OTHER = "nine purple umbrellas"
_MINUTE = 60


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the mail server, which these tests do not use."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem", hostname="localhost")


@pytest.fixture
def smtp_server(certificate: Path) -> Iterator[FakeSmtpServer]:
    """The mail server of the service."""
    with running_smtp_server(certificate) as server:
        yield server


@pytest.fixture
def app(settings: UserSettings, clock: FakeClock, smtp_server: FakeSmtpServer) -> FastAPI:
    """The service with a mail server and cheap hashes."""
    with_mail = settings.model_copy(update={"mail": f"smtp://127.0.0.1:{smtp_server.port}"})
    return create_app(with_mail, clock=clock, passwords=Passwords(CHEAP))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """The running service."""
    async with running(app) as opened:
        yield opened


async def _emails(app: FastAPI, server: FakeSmtpServer) -> list[tuple[str, str, str]]:
    """Return recipient, subject and text of every email so far, oldest first."""
    await registered(app, EmailOutbox).join()
    messages = [message_from_bytes(each.content, policy=policy.default) for each in server.emails]
    return [(str(each["To"]), str(each["Subject"]), each.get_content()) for each in messages]


def _token(text: str) -> str:
    (token,) = re.findall(r"^([\w-]{43})\r?$", text, re.MULTILINE)
    return str(token)


async def test_a_taken_address_gets_the_same_answer_and_another_email(
    app: FastAPI, client: httpx2.AsyncClient, smtp_server: FakeSmtpServer
) -> None:
    """The responses differ only in the request id; the emails state whether the address was taken."""
    free = await client.post("/users", json=ANN)
    taken = await client.post("/users", json=ANN | {"password": _OTHER, "name": "Eve"})
    assert (free.status_code, free.content) == (taken.status_code, taken.content) == (202, b"")
    assert [name for name, _ in free.headers.multi_items()] == [name for name, _ in taken.headers.multi_items()]
    emails = await _emails(app, smtp_server)
    assert [(to, subject) for to, subject, _ in emails] == [
        (ANN["email"], "Confirm your address"),
        (ANN["email"], "You already have an account"),
    ]


async def test_a_repeated_registration_changes_nothing(client: httpx2.AsyncClient, sessions: SessionFactory) -> None:
    """The name and the password stay, and the audit log has the attempt."""
    await client.post("/users", json=ANN)
    await client.post("/users", json=ANN | {"password": _OTHER, "name": "Eve"})
    assert (await log_in(client, ANN, password=_OTHER)).status_code == 401
    login = tokens(await log_in(client, ANN))
    assert (await client.get("/me", headers=login.headers)).json()["name"] == "Ann"
    async with sessions.read() as session:
        (user,) = (await session.scalars(select(User))).all()
        repeated = AuditEntry.action == Action.REGISTRATION_REPEATED
        (entry,) = (await session.scalars(select(AuditEntry).where(repeated))).all()
    assert (entry.actor, entry.target) == ("", user.id)


async def test_the_email_to_a_taken_address_resets_the_password(
    app: FastAPI, client: httpx2.AsyncClient, smtp_server: FakeSmtpServer
) -> None:
    """The token in that email resets the password once, like that of a requested reset."""
    await client.post("/users", json=ANN)
    await client.post("/users", json=ANN)
    _, (_, _, text) = await _emails(app, smtp_server)
    body = {"token": _token(text), "new_password": _OTHER}
    codes = [(await client.post("/auth/password-reset/confirmation", json=body)).status_code for _ in range(2)]
    assert codes == [204, 400]
    assert (await log_in(client, ANN, password=_OTHER)).status_code == 200


async def test_a_free_address_gets_an_account_and_a_verification(
    app: FastAPI, client: httpx2.AsyncClient, smtp_server: FakeSmtpServer
) -> None:
    """A free address gets an account and a verification email, and the response has no account."""
    await client.post("/users", json=ANN)
    ((_, _, text),) = await _emails(app, smtp_server)
    confirmation = await client.post("/auth/verification/confirmation", json={"token": _token(text)})
    assert confirmation.status_code == 204
    login = tokens(await log_in(client, ANN))
    assert (await client.get("/me", headers=login.headers)).json()["verified"] is True


async def test_registrations_at_once_open_one_account(
    app: FastAPI, client: httpx2.AsyncClient, smtp_server: FakeSmtpServer, sessions: SessionFactory
) -> None:
    """Of concurrent registrations one opens the account; for all others the address is taken."""
    answers = await asyncio.gather(*(client.post("/users", json=ANN) for _ in range(5)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    async with sessions.read() as session:
        actions = (await session.scalars(select(AuditEntry.action))).all()
    assert sorted(actions) == [Action.REGISTERED] + [Action.REGISTRATION_REPEATED] * 4
    # The four emails to a taken address are of one minute.
    assert len(await _emails(app, smtp_server)) == 2


async def test_repeated_registrations_send_one_email_a_minute(
    app: FastAPI, client: httpx2.AsyncClient, smtp_server: FakeSmtpServer, clock: FakeClock
) -> None:
    """Repeated registrations send one email a minute; an email to a taken address counts as a requested reset."""
    await client.post("/users", json=ANN)
    await client.post("/auth/password-reset", json={"email": ANN["email"]})
    await client.post("/users", json=ANN)
    assert len(await _emails(app, smtp_server)) == 2
    clock.advance(2 * _MINUTE)
    await client.post("/users", json=ANN)
    assert len(await _emails(app, smtp_server)) == 3


async def test_throttling_begins_alike_and_leaves_logins(app: FastAPI) -> None:
    """Five attempts at a free and at a taken address are accepted; logins have their own limit."""
    async with running(app) as client, client_at(app, "203.0.113.9") as stranger:
        await client.post("/users", json=ANN)
        seen = [[(await stranger.post("/users", json=person)).status_code for _ in range(7)] for person in (ANN, BOB)]
        assert seen == [[202] * 5 + [429] * 2] * 2
        assert (await log_in(stranger, ANN)).status_code == 200


async def test_a_weak_password_is_rejected_alike(client: httpx2.AsyncClient) -> None:
    """The policy is checked before the address is looked up, so both addresses get the same error."""
    await client.post("/users", json=ANN)
    answers = [await client.post("/users", json=person | {"password": "too short"}) for person in (ANN, BOB)]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() | {"request_id": ""} == answers[1].json() | {"request_id": ""}


async def test_a_mail_server_that_is_away_does_not_show(
    client: httpx2.AsyncClient, smtp_server: FakeSmtpServer
) -> None:
    """Emails are sent after the response, so both answers stay 202."""
    smtp_server.replies["MAIL"] = "451 later"
    codes = [(await client.post("/users", json=ANN)).status_code for _ in range(2)]
    assert codes == [202, 202]
