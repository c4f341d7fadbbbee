"""One contract for both databases: every test runs on each."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from libs.db.connect import connect
from libs.db.database import Connection, Database
from libs.db.errors import BadDatabaseUrl, ConstraintViolation, DatabaseError, UniqueViolation
from libs.db.statements import Statement
from libs.db.tests.things import ADD, ADD_ONE, ALL, READ, SET


@pytest.fixture
async def another(url: str) -> AsyncIterator[Database]:
    """The same one, as another process sees it."""
    opened = await connect(url)
    yield opened
    await opened.close()


async def _add(connection: Connection, name: str, amount: int = 0) -> None:
    await connection.fetch_all(ADD, id=name, box_id=None, amount=amount)


@pytest.mark.parametrize("amount", [0, 1, 2**31, 2**63 - 1])
async def test_what_is_written_is_read(database: Database, amount: int) -> None:
    """Text and integers of 64 bits come back as they went in."""
    await _add(database, "täg \U0001f375", amount)
    row = await database.fetch_one(READ, id="täg \U0001f375")
    assert row is not None
    assert tuple(row) == ("täg \U0001f375", amount)


async def test_a_missing_row_is_none(database: Database) -> None:
    """No row is no error."""
    assert await database.fetch_one(READ, id="nobody") is None
    assert list(await database.fetch_all(ALL)) == []


async def test_a_second_row_with_the_same_key_is_refused(database: Database) -> None:
    """The driver's error becomes ours."""
    await _add(database, "a")
    with pytest.raises(UniqueViolation):
        await _add(database, "a")


async def test_constraints_hold(database: Database) -> None:
    """Checks and foreign keys are on, which SQLite has to be told."""
    with pytest.raises(ConstraintViolation):
        await _add(database, "a", -1)
    with pytest.raises(ConstraintViolation):
        await database.fetch_all(ADD, id="a", box_id="no such box", amount=1)


async def test_a_forgotten_value_is_the_programmers_error(database: Database) -> None:
    """A placeholder without a value is never taken for NULL."""
    with pytest.raises(KeyError, match="amount"):
        await database.fetch_all(ADD, id="a", box_id=None)


async def test_a_wrong_statement_is_the_programmers_error(database: Database) -> None:
    """It is not taken for an outage, which would pass."""
    with pytest.raises(Exception, match="no_such") as raised:
        await database.fetch_all(Statement("SELECT no_such FROM things"))
    assert not isinstance(raised.value, DatabaseError)


async def test_an_exception_undoes_the_transaction(database: Database) -> None:
    """All or nothing, and the connection is good for the next."""

    async def fail(connection: Connection) -> None:
        await _add(connection, "a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.atomically(fail)
    assert await database.fetch_one(READ, id="a") is None
    async with database.transaction() as transaction:
        await _add(transaction, "a")
    assert await database.fetch_one(READ, id="a") is not None


async def test_cancellation_undoes_the_transaction(database: Database) -> None:
    """A client that goes away in the middle leaves nothing behind and holds no lock."""
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with database.transaction() as transaction:
            await _add(transaction, "a")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(60):
        await _add(database, "b")
    assert [row[0] for row in await database.fetch_all(ALL)] == ["b"]


@pytest.mark.parametrize("steps", range(12))
async def test_what_is_written_after_a_cancellation_stays(database: Database, another: Database, steps: int) -> None:
    """Somebody who gives up, be it while their transaction begins, leaves none open in which others then write."""
    task = asyncio.create_task(database.atomically(lambda transaction: _add(transaction, "given up")))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    # Where the steps were enough it has ended.
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await _add(database, "kept")
    assert await another.fetch_one(READ, id="kept") is not None


async def test_sixteen_writers_lose_nothing(database: Database) -> None:
    """Single statements that meet in one row are each done once."""
    await _add(database, "counter")

    async def add_ten() -> None:
        for _ in range(10):
            await database.fetch_one(ADD_ONE, id="counter")

    await asyncio.gather(*(add_ten() for _ in range(16)))
    row = await database.fetch_one(READ, id="counter")
    assert row is not None
    assert row[1] == 160


async def test_transactions_that_meet_are_tried_again(database: Database) -> None:
    """Read, compute, write: sixteen at once are as if one came after the other."""
    await _add(database, "counter")

    async def add_one(connection: Connection) -> None:
        row = await connection.fetch_one(READ, id="counter")
        assert row is not None
        await connection.fetch_all(SET, id="counter", amount=row[1] + 1)

    await asyncio.gather(*(database.atomically(add_one) for _ in range(16)))
    row = await database.fetch_one(READ, id="counter")
    assert row is not None
    assert row[1] == 16


async def test_two_processes_share_a_database(url: str, database: Database) -> None:
    """A second door to the same database waits for its turn instead of failing."""
    other = await connect(url)
    try:
        await _add(database, "counter")
        doors = [database, other] * 8
        await asyncio.gather(*(door.fetch_one(ADD_ONE, id="counter") for door in doors))
        row = await other.fetch_one(READ, id="counter")
        assert row is not None
        assert row[1] == 16
    finally:
        await other.close()


@pytest.mark.parametrize("bad", ["mysql://root@localhost/x", "sqlite:///x.db", "nonsense", ""])
async def test_an_unknown_database_is_refused(bad: str) -> None:
    """The message says which URLs are known."""
    with pytest.raises(BadDatabaseUrl, match=r"postgresql\+asyncpg"):
        await connect(bad)
