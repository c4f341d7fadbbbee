"""The canary search: no secret that went in or out is in a log, in another answer, or in the database."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from libs.db.database import Database
from libs.mail.testing import FakeMailer
from libs.web.logs import configure_logging
from services.user_service.settings import UserSettings
from services.user_service.tables import metadata
from services.user_service.tests.machines import GRANT, basic, new_client
from services.user_service.tests.people import ANN, administrator, log_in, refresh, tokens

NEW = "canary nine purple umbrellas"
WRONG = "canary seven green lampions"


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What the shipped logging has written so far, at its most talkative."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging("debug", "json")
    yield lambda: capsys.readouterr().err
    root.handlers = handlers
    root.setLevel(level)


@pytest.fixture
def settings(settings: UserSettings) -> UserSettings:
    """With every request in the log."""
    return settings.model_copy(update={"access_log": True})


async def test_no_secret_is_anywhere_but_where_it_belongs(
    app: FastAPI,
    client: httpx.AsyncClient,
    settings: UserSettings,
    database: Database,
    mailer: FakeMailer,
    logs: Callable[[], str],
) -> None:
    """Passwords, tokens, letters' tokens and a client's secret, through every way in, good and bad."""
    answers: list[httpx.Response] = []
    root = await administrator(client, settings, ANN)
    secret = await new_client(settings, "reporting", "tokens:introspect")
    service = basic("reporting", secret)
    await app.state.letters.done()
    letter = re.findall(r"^[\w-]{43}$", mailer.sent[0].text, re.MULTILINE)[0]
    private = _private_key(settings.keys)

    answers.append(await log_in(client, ANN, password=WRONG))
    answers.append(await client.post("/auth/login", json={"email": 1, "password": WRONG}))
    answers.append(await client.post("/auth/login", content=f'{{"password": "{WRONG}", }}'.encode()))
    answers.append(await client.post("/users", json={"email": "x", "password": NEW, "name": secret}))
    answers.append(await client.post("/oauth/token", data=GRANT | {"scope": "users:me"}, headers=service))
    answers.append(await client.post("/oauth/token", data={"grant_type": secret}, headers={"Authorization": "x"}))
    answers.append(await client.post("/oauth/introspect", data={"token": root.access_token}, headers=service))
    answers.append(await client.post("/oauth/revoke", data={"token": root.access_token}))
    answers.append(await client.post("/auth/verification/confirmation", json={"token": letter}))
    answers.append(await client.post("/auth/verification/confirmation", json={"token": letter}))
    answers.append(await client.get(f"/me?access_token={root.access_token}"))
    answers.append(await client.get("/admin/audit", headers=root.headers))
    answers.append(await client.get("/admin/users", headers=root.headers))
    body = {"current_password": ANN["password"], "new_password": NEW}
    answers.append(await client.post("/me/password", json=body, headers=root.headers))
    answers.append(await refresh(client, root.refresh_token))
    fresh = tokens(await log_in(client, ANN, password=NEW))
    answers.append(await client.get("/me", headers=fresh.headers))

    kept = [root.access_token, root.refresh_token, fresh.access_token, fresh.refresh_token, letter, secret, private]
    secrets = [*kept, ANN["password"], NEW, WRONG]
    written = logs()
    said = "\n".join([*(answer.text + str(answer.headers) for answer in answers), written])
    stored = await _everything(database)
    for each in secrets:
        assert each not in said
        assert each not in stored
    assert written.count('"/auth/login"') > 3, "the logs were looked at, so there must be some"


async def _everything(database: Database) -> str:
    rows = [repr(await database.fetch_all(table.select())) for table in metadata.sorted_tables]
    assert all(rows)
    return "\n".join(rows)


def _private_key(folder: Path) -> str:
    return next(folder.glob("*.pem")).read_text().splitlines()[1]
