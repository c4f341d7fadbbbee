"""What only a server can do to its clients: stop, come back, hang, refuse."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from libs.db.connect import connect
from libs.db.database import Database, Limits
from libs.db.errors import DatabaseUnavailable
from libs.db.schema import SchemaCheck
from libs.db.statements import Statement
from libs.db.testing import PostgresServer, postgres_server

ONE = Statement("SELECT 1")
SLEEP = Statement("SELECT pg_sleep(:seconds)")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that a test may stop, as long as it starts it again."""
    with postgres_server() as running:
        yield running


@pytest.fixture
async def database(server: PostgresServer) -> AsyncIterator[Database]:
    """A door that two may use at a time, as long as they like."""
    opened = await connect(server.url("postgres"), Limits(connections=2, statement_seconds=60, connect_seconds=60))
    yield opened
    await opened.close()


async def test_a_server_that_dies_and_comes_back(server: PostgresServer, database: Database) -> None:
    """Requests fail in time while it is away and work again without a restart of ours."""
    assert await database.fetch_one(ONE) is not None
    await asyncio.to_thread(server.stop, at_once=True)
    try:
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await database.fetch_one(ONE)
        assert await SchemaCheck(database, "0001").reason() == "does not answer"
        assert time.monotonic() - started < 50
    finally:
        await asyncio.to_thread(server.start)
    assert await database.fetch_one(ONE) is not None


async def test_a_door_opens_before_its_server_is_there(server: PostgresServer) -> None:
    """A service may start first; its requests fail until the server answers."""
    await asyncio.to_thread(server.stop)
    try:
        early = await connect(server.url("postgres"))
        with pytest.raises(DatabaseUnavailable):
            await early.fetch_one(ONE)
    finally:
        await asyncio.to_thread(server.start)
    assert await early.fetch_one(ONE) is not None
    await early.close()


async def test_a_statement_that_hangs_is_ended(server: PostgresServer) -> None:
    """The limit ends it, and the connection is not lost."""
    hasty = await connect(server.url("postgres"), Limits(connections=1, statement_seconds=2, connect_seconds=60))
    with pytest.raises(DatabaseUnavailable):
        await hasty.fetch_one(SLEEP, seconds=60)
    assert await hasty.fetch_one(ONE) is not None
    await hasty.close()


async def test_a_caller_who_gives_up_on_a_server_that_hangs(server: PostgresServer) -> None:
    """They are let go at once, without a word from the server, from inside a transaction too."""
    patient = await connect(server.url("postgres"), Limits(connections=2, statement_seconds=60))
    transaction = patient.transaction()
    connection = await transaction.__aenter__()
    await patient.fetch_one(ONE)
    server.freeze()
    try:
        for door in (patient, connection):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await door.fetch_one(ONE)
        async with asyncio.timeout(50):
            cancelled = asyncio.CancelledError()
            assert not await transaction.__aexit__(type(cancelled), cancelled, None)
    finally:
        server.thaw()
    assert await patient.fetch_one(ONE) is not None
    await patient.close()


async def test_a_full_pool_refuses_in_time(server: PostgresServer) -> None:
    """Who cannot get a connection within the limit is told so."""
    hasty = await connect(server.url("postgres"), Limits(connections=2, connect_seconds=3))
    async with hasty.transaction(), hasty.transaction():
        with pytest.raises(DatabaseUnavailable):
            await hasty.fetch_one(ONE)
    await hasty.close()


async def test_a_missing_database_is_unavailable(server: PostgresServer) -> None:
    """A wrong name is the operator's to mend, not a crash."""
    wrong = await connect(server.url("nowhere"))
    with pytest.raises(DatabaseUnavailable):
        await wrong.fetch_one(ONE)
    await wrong.close()


async def test_connections_at_hand_that_died_are_not_used(server: PostgresServer, database: Database) -> None:
    """After a restart the first caller is served, however many connections the crash has cut."""
    await asyncio.gather(*(database.fetch_one(SLEEP, seconds=0.1) for _ in range(2)))
    await asyncio.to_thread(server.stop, at_once=True)
    await asyncio.to_thread(server.start)
    for _ in range(2):
        assert await database.fetch_one(ONE) is not None
