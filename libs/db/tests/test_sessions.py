"""Sessions behave the same on both databases: every test runs on each."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError

from libs.db.errors import (
    BadDatabaseUrl,
    ConstraintViolation,
    DatabaseError,
    DatabaseUnavailable,
    MissingTable,
    SerializationFailure,
    UniqueViolation,
)
from libs.db.sessions import SessionFactory, open_sessions, retry_on_conflict
from libs.db.tests.conftest import PATIENT
from libs.db.tests.models import Thing


@pytest.fixture
async def others(url: str) -> AsyncIterator[SessionFactory]:
    """Sessions of another process on the same database."""
    opened = open_sessions(url, PATIENT)
    yield opened
    await opened.close()


async def _add(sessions: SessionFactory, name: str, amount: int = 0, **columns: object) -> None:
    async with sessions.begin() as session:
        session.add(Thing(id=name, amount=amount, **columns))


async def _read(sessions: SessionFactory, name: str) -> Thing | None:
    async with sessions.read() as session:
        return await session.get(Thing, name)


async def _amount(sessions: SessionFactory, name: str) -> int:
    thing = await _read(sessions, name)
    assert thing is not None
    return thing.amount


@pytest.mark.parametrize("amount", [0, 1, 2**31, 2**63 - 1])
async def test_values_are_read_as_they_were_written(sessions: SessionFactory, amount: int) -> None:
    """Text, 64-bit integers and points in time, to the microsecond, come back unchanged; times in UTC."""
    made_at = datetime(2026, 11, 29, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=2)))
    await _add(sessions, "täg \U0001f375", amount, made_at=made_at)
    thing = await _read(sessions, "täg \U0001f375")
    assert thing is not None
    assert (thing.amount, thing.made_at, thing.box_id) == (amount, made_at, None)
    assert thing.made_at is not None
    assert thing.made_at.tzinfo is UTC


async def test_a_naive_datetime_is_rejected(sessions: SessionFactory) -> None:
    """A datetime without a time zone is rejected."""
    with pytest.raises(Exception, match="offset-naive"):
        await _add(sessions, "a", made_at=datetime(2026, 1, 1))


async def test_a_second_row_with_the_same_key_is_a_unique_violation(sessions: SessionFactory) -> None:
    """The error is raised inside of the transaction, and its message has no value on PostgreSQL."""
    await _add(sessions, "secret")
    with pytest.raises(UniqueViolation) as raised:
        await _add(sessions, "secret")
    assert "secret" not in str(raised.value)
    async with sessions.begin() as session:
        session.add(Thing(id="secret", amount=1))
        with pytest.raises(UniqueViolation):
            await session.flush()
        await session.rollback()


async def test_constraints_hold(sessions: SessionFactory) -> None:
    """Checks and foreign keys are enforced; SQLite does not enforce foreign keys by default."""
    with pytest.raises(ConstraintViolation):
        await _add(sessions, "a", -1)
    with pytest.raises(ConstraintViolation):
        await _add(sessions, "a", box_id="no such box")


@pytest.mark.parametrize("statement", ["SELECT no_such FROM things", "SELECT 1 FROM no_such"])
async def test_a_table_that_is_not_there_says_so(sessions: SessionFactory, statement: str) -> None:
    """A database without the table raises MissingTable, not DatabaseUnavailable."""
    with pytest.raises(MissingTable):
        async with sessions.read() as session:
            await session.execute(text(statement))


async def test_a_wrong_statement_is_not_taken_for_an_outage(sessions: SessionFactory) -> None:
    """A wrong statement raises SQLAlchemy's own error, not DatabaseUnavailable."""
    with pytest.raises(SQLAlchemyError) as raised:
        async with sessions.read() as session:
            await session.execute(text("SELEC 1"))
    assert not isinstance(raised.value, DatabaseError)


async def test_a_read_session_does_not_write_on_sqlite(sessions: SessionFactory) -> None:
    """A write in a read session would pass the queue of writers."""
    if not sessions.is_sqlite:
        pytest.skip("PostgreSQL's read sessions are plain autocommit")
    with pytest.raises(DatabaseUnavailable, match="readonly"):
        async with sessions.read() as session:
            await session.execute(update(Thing).values(amount=1))


async def test_an_exception_rolls_back(sessions: SessionFactory) -> None:
    """After an exception nothing is stored, and the connection works for the next session."""

    async def fail() -> None:
        async with sessions.begin() as session:
            session.add(Thing(id="a", amount=1))
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await _read(sessions, "a") is None
    await _add(sessions, "a")


async def test_cancellation_rolls_back(sessions: SessionFactory) -> None:
    """A cancelled transaction stores nothing and holds no lock."""
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with sessions.begin() as session:
            session.add(Thing(id="a", amount=1))
            await session.flush()
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(60):
        await _add(sessions, "b")
    assert await _read(sessions, "a") is None


@pytest.mark.parametrize("steps", range(12))
async def test_a_write_after_a_cancellation_stays(sessions: SessionFactory, others: SessionFactory, steps: int) -> None:
    """A transaction that is cancelled at any point is closed, so that the next write is not part of it."""
    task = asyncio.create_task(_add(sessions, "given up"))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    # With enough steps it has ended.
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await _add(sessions, "kept")
    assert await _read(others, "kept") is not None


async def test_sixteen_writers_lose_nothing(sessions: SessionFactory) -> None:
    """Sixteen concurrent read-modify-write transactions, ten times each, have the result of sequential ones."""
    await _add(sessions, "counter")

    @retry_on_conflict
    async def add_one() -> None:
        async with sessions.begin() as session:
            thing = await session.get(Thing, "counter")
            assert thing is not None
            thing.amount += 1

    async def add_ten() -> None:
        for _ in range(10):
            await add_one()

    await asyncio.gather(*(add_ten() for _ in range(16)))
    assert await _amount(sessions, "counter") == 160


async def test_two_processes_share_a_database(sessions: SessionFactory, others: SessionFactory) -> None:
    """A second process waits for its turn instead of failing."""
    await _add(sessions, "counter")

    @retry_on_conflict
    async def add_one(opened: SessionFactory) -> None:
        async with opened.begin() as session:
            await session.execute(update(Thing).values(amount=Thing.amount + 1))

    await asyncio.gather(*(add_one(opened) for opened in [sessions, others] * 8))
    assert await _amount(others, "counter") == 16


async def test_writers_on_sqlite_are_served_in_order(sessions: SessionFactory) -> None:
    """Writers get the lock in FIFO order, so that no writer starves."""
    if not sessions.is_sqlite:
        pytest.skip("PostgreSQL has no queue of writers")
    served = []

    async def write(number: int) -> None:
        async with sessions.begin() as session:
            served.append(number)
            await session.execute(select(1))

    async with sessions.begin():
        tasks = []
        for number in range(20):
            tasks.append(asyncio.create_task(write(number)))
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert served == list(range(20))


async def test_a_conflict_that_does_not_end_is_raised(sessions: SessionFactory) -> None:
    """After twenty attempts the caller gets the error."""
    attempts = 0

    @retry_on_conflict
    async def collide() -> None:
        nonlocal attempts
        attempts += 1
        async with sessions.read():
            raise SerializationFailure

    with pytest.raises(SerializationFailure):
        await collide()
    assert attempts == 20


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nonsense",
        "mysql://root@localhost/x",
        "sqlite:///x.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite://host/x.db",
        "postgresql://ann@localhost/shop",
        "postgresql+asyncpg:/ann@localhost/shop",
        "postgresql+asyncpg://ann@localhost:port/shop",
        "postgresql+asyncpg://ann@localhost:99999/shop",
        "postgresql+asyncpg://ann@[::1/shop",
        "postgresql+asyncpg://ann:se/cret@localhost/shop",
        "postgresql+asyncpg://ann:12/34@localhost/shop",
        "postgresql+asyncpg://ann:12#34@localhost/shop",
        "postgresql+asyncpg://ann:12@localhost/shop?ssl=require",
        "postgresql+asyncpg://ann:12@localhost/shop?sslrootcert=/no/such/file",
    ],
)
def test_other_urls_are_rejected_without_the_password(bad: str) -> None:
    """The message states what is expected and does not repeat the password."""
    with pytest.raises(BadDatabaseUrl, match=r"postgresql\+asyncpg|sslmode|missing file") as raised:
        open_sessions(bad)
    assert not any(secret in str(raised.value) for secret in ("cret", "12", "34"))
