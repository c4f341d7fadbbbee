"""No connection is lost between two of its users, whatever happens to those who wait."""

import asyncio

import pytest

from libs.db.database import Limits
from libs.db.spare import Spare


class _Connection:
    def is_closed(self) -> bool:
        return False


class _Pool:
    def __init__(self) -> None:
        self.made = 0

    async def acquire(self, *, timeout: float) -> _Connection:  # noqa: ASYNC109  # asyncpg's own
        assert timeout > 0
        self.made += 1
        return _Connection()

    async def release(self, _: _Connection) -> None:
        """Take it back."""

    def is_closing(self) -> bool:
        return False


@pytest.fixture
def pool() -> _Pool:
    """A pool that counts what it makes."""
    return _Pool()


@pytest.fixture
def spare(pool: _Pool) -> Spare:
    """Room for one connection."""
    return Spare(pool, Limits(connections=1, connect_seconds=60))


async def _waiters(spare: Spare, count: int) -> list["asyncio.Task[object]"]:
    tasks: list[asyncio.Task[object]] = [asyncio.create_task(spare.take()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_who_waits_longest_is_handed_the_next(pool: _Pool, spare: Spare) -> None:
    """And nobody makes another for that."""
    connection = await spare.take()
    first, second = await _waiters(spare, 2)
    spare.give_back(connection)
    assert await first is connection
    assert not second.done()
    spare.give_back(connection)
    assert await second is connection
    assert pool.made == 1


@pytest.mark.parametrize("handed", [False, True], ids=["before it is handed one", "at that moment"])
async def test_who_gives_up_waiting_loses_nothing(pool: _Pool, spare: Spare, handed: bool) -> None:  # noqa: FBT001
    """The connection goes to the next."""
    connection = await spare.take()
    first, second = await _waiters(spare, 2)
    if handed:
        spare.give_back(connection)
        first.cancel()
    else:
        first.cancel()
        spare.give_back(connection)
    assert await second is connection
    with pytest.raises(asyncio.CancelledError):
        await first
    assert pool.made == 1


async def test_a_connection_that_is_gone_makes_room(pool: _Pool, spare: Spare) -> None:
    """Who waits makes the next, even if the first that is told so gives up."""
    connection = await spare.take()
    first, second = await _waiters(spare, 2)
    await spare.discard(connection)
    first.cancel()
    assert await second is not connection
    assert pool.made == 2
    spare.lost()
    await spare.take()
    assert pool.made == 3


async def test_nobody_waits_longer_than_the_limit(pool: _Pool) -> None:
    """A full house is told in time."""
    spare = Spare(pool, Limits(connections=1, connect_seconds=0.2))
    await spare.take()
    with pytest.raises(TimeoutError):
        await spare.take()
