"""A success response is sent only after the commit."""

import asyncio
import os
import signal
import subprocess
import sys

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from libs.auth.testing import TokenFactory
from libs.db.sessions import open_sessions
from libs.web.testing import running
from services.product_service.settings import ProductSettings
from services.product_service.tests import killed
from services.product_service.tests.token_headers import KEYED, TEA, ann

# A row whose foreign key is only checked at the commit, added with each product.
_TABLES = (
    "CREATE TABLE never (id INTEGER PRIMARY KEY)",
    "CREATE TABLE broken (id INTEGER REFERENCES never (id) DEFERRABLE INITIALLY DEFERRED)",
)
_SQLITE = ("CREATE TRIGGER fail_commit AFTER INSERT ON products BEGIN INSERT INTO broken VALUES (1); END",)
_POSTGRES = (
    "CREATE FUNCTION fail_commit() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN INSERT INTO broken VALUES (1); RETURN NULL; END $$",
    "CREATE TRIGGER fail_commit AFTER INSERT ON products FOR EACH ROW EXECUTE FUNCTION fail_commit()",
)


@pytest.fixture
async def _failing_commits(settings: ProductSettings) -> None:
    sessions = open_sessions(settings.database)
    async with sessions.begin() as session:
        for statement in (*_TABLES, *(_SQLITE if sessions.is_sqlite else _POSTGRES)):
            await session.execute(text(statement))
    await sessions.close()


@pytest.mark.usefixtures("_failing_commits")
async def test_a_commit_that_fails_is_never_a_success(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """If all statements succeed and the commit fails, the response is an error and nothing is stored."""
    for headers in ({}, {"Idempotency-Key": "order-1"}):
        answer = await client.post("/products", json=TEA, headers=ann(factory) | headers)
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get("/products", headers=ann(factory))).json()["items"] == []


async def test_a_process_that_dies_after_the_commit_has_not_answered(
    client: httpx2.AsyncClient, settings: ProductSettings, factory: TokenFactory
) -> None:
    """After a kill between commit and response, a repeated request gets the stored product."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", killed.__name__, str(settings.data_dir), settings.database]
    died = await asyncio.to_thread(subprocess.run, command, env=environment, stdout=subprocess.PIPE, check=False)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, b"")
    [stored] = (await client.get("/products", headers=ann(factory))).json()["items"]
    again = await client.post("/products", json=TEA, headers=ann(factory) | KEYED)
    assert (again.status_code, again.json()) == (201, stored)


async def test_a_database_that_is_not_migrated_is_503(
    app: FastAPI, settings: ProductSettings, factory: TokenFactory
) -> None:
    """The response is 503, and the problem states what the operator has to do."""
    sessions = open_sessions(settings.database)
    async with sessions.begin() as session:
        await session.execute(text("ALTER TABLE products RENAME TO products_of_tomorrow"))
    await sessions.close()
    async with running(app) as client:
        answer = await client.get("/products", headers=ann(factory))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:problem:database-not-migrated")
    assert "migrate" in answer.json()["detail"]
    assert answer.headers["retry-after"] == "5"
