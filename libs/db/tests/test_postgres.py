"""Failures of a database server: it stops, restarts, hangs, closes a connection or refuses one."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import func, select, text

from libs.db.engines import Limits
from libs.db.errors import DatabaseError, DatabaseUnavailable, SerializationFailure
from libs.db.schema import SchemaCheck
from libs.db.sessions import SessionFactory, open_sessions
from libs.db.testing import PostgresServer, postgres_server
from libs.db.tests.models import SCHEMA


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that a test may stop, as long as it starts it again."""
    with postgres_server() as running:
        yield running


@pytest.fixture
async def sessions(server: PostgresServer) -> AsyncIterator[SessionFactory]:
    """Two connections, with time to spare."""
    opened = open_sessions(server.url("postgres"), Limits(pool_size=2, statement_seconds=60, connect_seconds=60))
    yield opened
    await opened.close()


async def _one(sessions: SessionFactory) -> object:
    async with sessions.read() as session:
        return (await session.execute(select(1))).scalar_one()


async def _sleep(sessions: SessionFactory, seconds: float) -> None:
    async with sessions.begin() as session:
        await session.execute(select(func.pg_sleep(seconds)))


async def test_a_server_that_dies_and_comes_back(server: PostgresServer, sessions: SessionFactory) -> None:
    """While the server is down, sessions fail in time; after its restart they work again."""
    assert await _one(sessions) == 1
    await asyncio.to_thread(server.stop, at_once=True)
    try:
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await _one(sessions)
        assert await SchemaCheck(sessions, SCHEMA).reason() == "does not answer"
        assert time.monotonic() - started < 50
    finally:
        await asyncio.to_thread(server.start)
    assert await _one(sessions) == 1


async def test_sessions_may_be_opened_before_the_server(server: PostgresServer) -> None:
    """A service may start first; its requests fail until the server answers."""
    await asyncio.to_thread(server.stop)
    try:
        early = open_sessions(server.url("postgres"))
        with pytest.raises(DatabaseUnavailable):
            await _one(early)
    finally:
        await asyncio.to_thread(server.start)
    assert await _one(early) == 1
    await early.close()


async def test_a_connection_that_the_server_ends_gives_its_slot_back(server: PostgresServer) -> None:
    """A backend is terminated 50 times, during or between statements: callers get a DatabaseError, no slot is lost."""
    sessions = open_sessions(server.url("postgres"), Limits(pool_size=2, statement_seconds=60, connect_seconds=60))
    admin = open_sessions(server.url("postgres"), Limits(pool_size=1, statement_seconds=60, connect_seconds=60))
    kill = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'")
    name = text("SET application_name = 'victim'")

    async def suffer() -> None:
        async with sessions.begin() as session:
            await session.execute(name)
            await session.execute(select(func.pg_sleep(60)))

    for _ in range(25):
        tasks = [asyncio.create_task(suffer()) for _ in range(2)]
        while not all(task.done() for task in tasks):
            async with admin.read() as session:
                await session.execute(kill)
            await asyncio.sleep(0.01)
        for task in tasks:
            with pytest.raises(DatabaseUnavailable):
                await task
    async with sessions.begin() as one, sessions.begin() as two:
        assert [(await each.execute(select(1))).scalar_one() for each in (one, two)] == [1, 1]
    await sessions.close()
    await admin.close()


@pytest.mark.parametrize("at_once", [False, True], ids=["fast", "immediate"])
async def test_a_shutdown_in_the_middle_of_many_statements(
    server: PostgresServer, sessions: SessionFactory, *, at_once: bool
) -> None:
    """Each caller gets a DatabaseError, in any state of its connection."""

    async def work() -> None:
        while True:
            async with sessions.begin() as session:
                await session.execute(select(func.generate_series(1, 1000)))

    tasks = [asyncio.create_task(work()) for _ in range(8)]
    await asyncio.sleep(0.3)
    await asyncio.to_thread(server.stop, at_once=at_once)
    try:
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await asyncio.to_thread(server.start)
    assert [error for error in ended if not isinstance(error, DatabaseError)] == []
    assert await _one(sessions) == 1


async def test_a_statement_that_hangs_is_ended(server: PostgresServer) -> None:
    """The statement timeout ends the statement, and the connection stays usable."""
    hasty = open_sessions(server.url("postgres"), Limits(pool_size=1, statement_seconds=2, connect_seconds=60))
    with pytest.raises(DatabaseUnavailable):
        await _sleep(hasty, 60)
    assert await _one(hasty) == 1
    await hasty.close()


async def test_a_transaction_that_idles_is_ended(server: PostgresServer, sessions: SessionFactory) -> None:
    """An idle transaction is ended after twice the statement timeout, which releases its locks."""
    hasty = open_sessions(server.url("postgres"), Limits(pool_size=1, statement_seconds=0.5, connect_seconds=60))

    async def is_there(pid: int) -> bool:
        async with sessions.read() as session:
            found = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
            return bool((await session.execute(found, {"pid": pid})).scalar_one())

    async def idle() -> None:
        async with hasty.begin() as session:
            pid = (await session.execute(select(func.pg_backend_pid()))).scalar_one()
            async with asyncio.timeout(60):
                while await is_there(pid):  # noqa: ASYNC110  # nothing tells of its end
                    await asyncio.sleep(0.1)
            await session.execute(select(1))

    with pytest.raises(DatabaseUnavailable):
        await idle()
    assert await _one(hasty) == 1
    await hasty.close()


async def test_a_caller_who_gives_up_on_a_server_that_hangs(server: PostgresServer) -> None:
    """A cancelled caller continues in time, and the connections work once the server answers again."""
    patient = open_sessions(server.url("postgres"), Limits(pool_size=2, statement_seconds=60))
    assert await _one(patient) == 1
    server.freeze()
    try:
        async with asyncio.timeout(50):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await _one(patient)
    finally:
        server.thaw()
    assert await _one(patient) == 1
    await patient.close()


async def test_closing_does_not_wait_for_a_server_that_hangs(
    server: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A stop of the service ends within the limit of a statement, with one log entry and no traceback."""
    hasty = open_sessions(server.url("postgres"), Limits(pool_size=2, statement_seconds=1))
    async with hasty.read() as one, hasty.read() as another:
        await one.execute(select(1))
        await another.execute(select(1))
    server.freeze()
    try:
        async with asyncio.timeout(30):
            await hasty.close()
    finally:
        server.thaw()
    entries = [(record.name, record.levelname, record.exc_info) for record in caplog.records]
    assert entries == [("libs.db.sessions", "WARNING", None)]


async def test_a_full_pool_refuses_in_time(server: PostgresServer) -> None:
    """A caller that gets no connection within the limit receives a DatabaseError of this library."""
    hasty = open_sessions(server.url("postgres"), Limits(pool_size=2, connect_seconds=1))
    async with hasty.begin() as one, hasty.begin() as two:
        await one.execute(select(1))
        await two.execute(select(1))
        with pytest.raises(DatabaseUnavailable, match="no connection is free"):
            await _one(hasty)
    await hasty.close()


async def test_a_missing_database_is_unavailable(server: PostgresServer) -> None:
    """A wrong database name is DatabaseUnavailable, which the operator has to fix."""
    wrong = open_sessions(server.url("nowhere"))
    with pytest.raises(DatabaseUnavailable):
        await _one(wrong)
    await wrong.close()


async def test_closed_connections_of_the_pool_are_replaced(server: PostgresServer, sessions: SessionFactory) -> None:
    """After a restart the first caller is served, however many connections the crash has closed."""
    await asyncio.gather(*(_sleep(sessions, 0.1) for _ in range(2)))
    await asyncio.to_thread(server.stop, at_once=True)
    await asyncio.to_thread(server.start)
    for _ in range(2):
        assert await _one(sessions) == 1


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [("application_name=shop", "shop"), ("sslmode=prefer&application_name=shop", "shop"), ("sslmode=disable", "")],
)
async def test_parameters_of_the_url_are_libpqs(server: PostgresServer, parameters: str, shown: str) -> None:
    """`sslmode`, `application_name` and the other parameters work as in PostgreSQL's documentation."""
    sessions = open_sessions(f"{server.url('postgres')}&{parameters}")
    async with sessions.read() as session:
        assert (await session.execute(text("SELECT current_setting('application_name')"))).scalar_one() == shown
    await sessions.close()


async def test_read_committed_transactions_wait_for_a_row(server: PostgresServer) -> None:
    """A transaction that changes a row after another one did continues; a serializable one would collide.

    The connection is serializable again afterwards.
    """
    await asyncio.to_thread(server.execute, "CREATE DATABASE rows")
    sessions = open_sessions(server.url("rows"), Limits(pool_size=2, statement_seconds=60, connect_seconds=60))
    async with sessions.begin() as session:
        await session.execute(text("CREATE TABLE counters (n integer)"))
        await session.execute(text("INSERT INTO counters VALUES (0)"))

    async def add_one(began: asyncio.Event, *, read_committed: bool) -> None:
        async with sessions.begin(read_committed=read_committed) as session:
            await session.execute(text("SELECT n FROM counters"))
            began.set()
            await session.execute(text("UPDATE counters SET n = n + 1"))

    async def race(*, read_committed: bool) -> None:
        began = asyncio.Event()
        async with sessions.begin() as session:
            await session.execute(text("UPDATE counters SET n = n + 1"))
            task = asyncio.create_task(add_one(began, read_committed=read_committed))
            await began.wait()
        await task

    await race(read_committed=True)
    for _ in range(2):
        with pytest.raises(SerializationFailure):
            await race(read_committed=False)
    async with sessions.read() as session:
        assert (await session.execute(text("SELECT n FROM counters"))).scalar_one() == 4
    await sessions.close()
