"""No secret that the service received or issued is in the logs, in other responses or in the database."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import inspect, text

from libs.auth.passwords import Passwords
from libs.db.sessions import SessionFactory
from libs.mail.testing import FakeMailer
from libs.web.logs import configure_logging
from libs.web.testing import registered, running
from services.user_service.app import create_app
from services.user_service.service.email_outbox import EmailOutbox
from services.user_service.settings import UserSettings
from services.user_service.tests.client_fixtures import GRANT, basic, new_client
from services.user_service.tests.user_fixtures import ANN, LoggedIn, administrator, log_in, refresh, tokens

NEW = "canary nine purple umbrellas"
NEWER = "canary eleven yellow wheelbarrows"
WRONG = "canary seven green lampions"
DATABASE_PASSWORD = "canary-of-the-database"
GIVES_TOKENS = ("/auth/login", "/auth/refresh", "/oauth/token")


class Log:
    """The log lines that the service has written."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        """All lines."""
        return self.stream.getvalue()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events with this name. Fails on a line that is not JSON."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["event"] == name]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    """Record what the shipped logging writes at level debug."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    opened = Log()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", opened.stream)
        configure_logging("debug", "json")
    yield opened
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def settings(settings: UserSettings) -> UserSettings:
    """Log every request, and use a password for PostgreSQL."""
    url = settings.database_url.replace("//postgres@", f"//postgres:{DATABASE_PASSWORD}@")
    return settings.model_copy(update={"access_log": True, "database_url": url})


class Walk:
    """Calls every operation that takes or returns a secret, and records the secrets and the responses."""

    def __init__(self, app: FastAPI, client: httpx2.AsyncClient, settings: UserSettings, mailer: FakeMailer) -> None:
        self.app = app
        self.client = client
        self.settings = settings
        self.mailer = mailer
        self.requests: list[tuple[str, str, int]] = []
        self.answers: list[str] = []
        self.canaries = {"new": NEW, "newer": NEWER, "wrong": WRONG, "chosen": ANN["password"]}
        self.canaries |= {"database": DATABASE_PASSWORD, "key": _private_key(settings.keys)}
        client.event_hooks = {"response": [self._hear]}

    async def _hear(self, answer: httpx2.Response) -> None:
        await answer.aread()
        self.requests.append((answer.request.method, answer.request.url.path, answer.status_code))
        self.answers.append(f"{answer.headers.raw!r} {_but_tokens_given(answer)}")

    async def fail(self) -> None:
        """Send secrets in invalid requests: with wrong types, in wrong fields and in malformed JSON."""
        send, secret = self.client.post, self.canaries["secret"]
        await log_in(self.client, ANN, password=WRONG)
        await send("/auth/login", json={"email": 1, "password": WRONG})
        is_json = {"Content-Type": "application/json"}
        await send("/auth/login", content=f'{{"password": "{WRONG}", }}'.encode(), headers=is_json)
        await send("/users", json={"email": "x", "password": NEW, "name": secret})
        await send("/oauth/token", data={"grant_type": secret}, headers={"Authorization": "x"})
        await send("/oauth/token", data=GRANT | {"client_id": "reporting", "client_secret": WRONG})
        await send("/auth/password-reset/confirmation", json={"token": WRONG, "new_password": NEW})

    async def be_a_service(self, holder: LoggedIn) -> None:
        """Get a token, be refused one, and introspect the tokens of a user."""
        send, headers = self.client.post, basic("reporting", self.canaries["secret"])
        given = await send("/oauth/token", data=GRANT, headers=headers)
        self.canaries["service token"] = given.json()["access_token"]
        await send("/oauth/token", data=GRANT | {"scope": "users:me"}, headers=headers)
        for token in (holder.access_token, holder.refresh_token):
            await send("/oauth/introspect", data={"token": token}, headers=headers)
        await send("/oauth/revoke", data={"token": holder.access_token})

    async def be_an_administrator(self, root: LoggedIn) -> None:
        """Read all administrative resources, and send the token in a query."""
        await self.client.get(f"/me?access_token={root.access_token}")
        for path in ("/me", "/admin/audit", "/admin/users"):
            await self.client.get(path, headers=root.headers)

    async def use_emails(self) -> None:
        """Verify the address and choose a new password with the tokens of emails; use each token twice."""
        verification = {"token": await self.email_token("verification")}
        await self.client.post("/auth/password-reset", json={"email": ANN["email"]})
        reset = {"token": await self.email_token("reset"), "new_password": NEW}
        for _ in range(2):
            await self.client.post("/auth/verification/confirmation", json=verification)
            await self.client.post("/auth/password-reset/confirmation", json=reset)

    async def email_token(self, name: str) -> str:
        """Return the token of the newest email, and record it as canary `name`."""
        await registered(self.app, EmailOutbox).join()
        self.canaries[name] = re.findall(r"^[\w-]{43}$", self.mailer.sent[-1].text, re.MULTILINE)[0]
        return self.canaries[name]

    async def change_password(self) -> None:
        """Log in, refresh, use the spent token again, and choose another password."""
        login = self.remember("login", tokens(await log_in(self.client, ANN, password=NEW)))
        body = {"current_password": NEW, "new_password": NEWER}
        assert (await self.client.post("/me/password", json=body, headers=login.headers)).status_code == 204
        login = self.remember("next login", tokens(await log_in(self.client, ANN, password=NEWER)))
        self.remember("refreshed", tokens(await refresh(self.client, login.refresh_token)))
        assert (await refresh(self.client, login.refresh_token)).status_code == 401

    def remember(self, name: str, login: LoggedIn) -> LoggedIn:
        """Record both tokens as canaries."""
        self.canaries |= {f"{name}'s access": login.access_token, f"{name}'s refresh": login.refresh_token}
        return login


async def test_no_secret_is_anywhere_but_where_it_belongs(
    app: FastAPI,
    client: httpx2.AsyncClient,
    settings: UserSettings,
    sessions: SessionFactory,
    mailer: FakeMailer,
    log: Log,
) -> None:
    """Passwords, tokens, client secrets, private key and database password are in no log, response or table."""
    walk = Walk(app, client, settings, mailer)
    walk.canaries["secret"] = await new_client(settings, "reporting", "tokens:introspect")
    root = walk.remember("administrator", await administrator(client, settings, ANN))
    await walk.fail()
    await walk.be_a_service(root)
    await walk.be_an_administrator(root)
    await walk.use_emails()
    await walk.change_password()
    told = {"the log": log.text, "the answers": "\n".join(walk.answers), "the database": await _everything(sessions)}
    found = [(name, place) for name, canary in walk.canaries.items() for place, said in told.items() if canary in said]
    assert found == []
    assert walk.requests == [(line["method"], line["path"], line["status"]) for line in log.events("request")]
    assert {status for _, _, status in walk.requests} >= {200, 201, 202, 204, 400, 401, 422}


async def test_a_crash_is_logged_without_the_values_it_met(
    client: httpx2.AsyncClient, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback names files and lines and has no values of variables."""

    async def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Passwords, "check", crash)
    answer = await log_in(client, ANN, password=WRONG)
    assert answer.status_code == 500
    (line,) = log.events("request crashed")
    assert "ZeroDivisionError" in line["exception"]
    assert WRONG not in log.text + answer.text


async def test_a_database_that_is_down_keeps_its_password(settings: UserSettings, mailer: FakeMailer, log: Log) -> None:
    """Neither response nor log has the password of the database."""
    url = f"postgresql+asyncpg://users:{DATABASE_PASSWORD}@127.0.0.1:1/users"
    app = create_app(settings.model_copy(update={"database_url": url}), mailer=mailer)
    async with running(app) as client:
        answers = [await client.get("/readyz"), await log_in(client, ANN)]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert log.events("request"), "the logs were looked at, so there must be some"
    assert DATABASE_PASSWORD not in log.text + "".join(answer.text for answer in answers)


def _but_tokens_given(answer: httpx2.Response) -> str:
    """Return the body, without the tokens if the purpose of the response is to return them."""
    if answer.status_code != 200 or answer.request.url.path not in GIVES_TOKENS:
        return answer.text
    body = answer.json()
    return json.dumps({name: body[name] for name in body.keys() - {"access_token", "refresh_token"}})


async def _everything(sessions: SessionFactory) -> str:
    async with sessions.read() as session:
        names = await (await session.connection()).run_sync(lambda connection: inspect(connection).get_table_names())
        rows = [repr((await session.execute(text(f"SELECT * FROM {name}"))).all()) for name in names]
    stored = "\n".join(rows)
    assert ANN["email"] in stored, "the rows were looked at, so there must be some"
    return stored


def _private_key(folder: Path) -> str:
    return next(folder.glob("*.pem")).read_text().splitlines()[1]
