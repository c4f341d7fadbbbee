"""A real PgBouncer in transaction mode between the sessions and PostgreSQL."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text

from libs.db.engines import Limits
from libs.db.errors import DatabaseUnavailable
from libs.db.migrations import differences, upgrade
from libs.db.pgbouncer_testing import pgbouncer
from libs.db.sessions import open_sessions, retry_on_conflict
from libs.db.testing import PostgresServer, postgres_server
from libs.db.tests.models import SCHEMA, Thing

_POOL = 3


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """The server behind it."""
    with postgres_server() as running:
        running.execute("CREATE DATABASE shop")
        yield running


@pytest.fixture(scope="module")
def url(server: PostgresServer) -> Iterator[str]:
    """The migrated database, by way of PgBouncer."""
    with pgbouncer(server, pool_size=_POOL) as running:
        address = running.url("shop")
        upgrade(address, SCHEMA.scripts, transaction_pooler=True)
        yield address


def test_migrations_pass_through_it(server: PostgresServer, url: str) -> None:
    """After migrations through PgBouncer, the tables match the models."""
    assert url
    assert differences(server.url("shop"), SCHEMA) == []


async def test_transactions_and_reads_pass_through_it(url: str) -> None:
    """With more sessions than connections of PgBouncer and prepared statements, no update is lost."""
    sessions = open_sessions(
        url, Limits(pool_size=8, connect_seconds=60, statement_seconds=60, transaction_pooler=True)
    )
    async with sessions.begin() as session:
        session.add(Thing(id="counter", amount=0))

    @retry_on_conflict
    async def add_one() -> None:
        async with sessions.read() as session:
            assert await session.get(Thing, "counter") is not None
        async with sessions.begin() as session:
            thing = await session.get(Thing, "counter")
            assert thing is not None
            thing.amount += 1

    await asyncio.gather(*(add_one() for _ in range(40)))
    async with sessions.read() as session:
        thing = await session.get(Thing, "counter")
        assert thing is not None
        assert thing.amount == 40
    await sessions.close()


async def test_reads_do_not_collide(url: str) -> None:
    """Reads are not serializable: they could fail with a conflict, and callers do not retry reads."""
    sessions = open_sessions(url, Limits(statement_seconds=60, transaction_pooler=True))
    statement = text("SHOW transaction_isolation")
    for _ in range(2):
        async with sessions.read() as session:
            assert (await session.execute(statement)).scalar_one() == "read committed"
        async with sessions.begin() as session:
            assert (await session.execute(statement)).scalar_one() == "serializable"
    await sessions.close()


async def test_the_limit_of_a_statement_holds(url: str) -> None:
    """The timeout is set in each transaction, so the next client of the server connection does not inherit it."""
    hasty = open_sessions(url, Limits(pool_size=1, statement_seconds=1, connect_seconds=60, transaction_pooler=True))
    async with hasty.begin() as session:
        assert (await session.execute(text("SHOW statement_timeout"))).scalar_one() == "1s"
    with pytest.raises(DatabaseUnavailable):
        async with hasty.begin() as session:
            await session.execute(select(func.pg_sleep(60)))
    patient = open_sessions(url, Limits(statement_seconds=60, transaction_pooler=True))
    async with patient.begin() as session:
        assert (await session.execute(text("SHOW statement_timeout"))).scalar_one() == "1min"
    await hasty.close()
    await patient.close()


async def test_a_missing_setting_is_named(url: str) -> None:
    """Without the setting PgBouncer refuses the connection, and the error says which setting is missing."""
    sessions = open_sessions(url)
    with pytest.raises(DatabaseUnavailable, match="DATABASE_TRANSACTION_POOLER"):
        async with sessions.read() as session:
            await session.execute(select(1))
    await sessions.close()
