"""One process at a time holds a lease, and one that lost it commits nothing."""

import asyncio

import pytest

from libs.db.sessions import SessionFactory
from libs.events.errors import LeaseLost
from libs.events.lease import Lease
from libs.events.tests.shop import replica

_SHORT = 0.1


async def test_a_second_process_waits_for_release(sessions: SessionFactory, url: str) -> None:
    """The fencing number grows from one holder to the next."""
    async with replica(url) as other:
        first, second = Lease(sessions, "work", seconds=60), Lease(other, "work", seconds=60)
        assert await first.acquire()
        assert not await second.acquire()
        assert (first.is_held, second.is_held) == (True, False)
        await first.release()
        assert await second.acquire()
    assert (first.fence, second.fence) == (None, 2)


async def test_an_expired_lease_is_taken_over(sessions: SessionFactory) -> None:
    """After expiry another process takes the lease, and the next transaction of the old holder fails."""
    first, second = Lease(sessions, "work", seconds=_SHORT), Lease(sessions, "work", seconds=60)
    assert await first.acquire()
    await asyncio.sleep(2 * _SHORT)
    assert not first.is_held
    assert await second.acquire()
    with pytest.raises(LeaseLost):
        async with sessions.begin() as session:
            await first.renew(session)


async def test_a_renewed_lease_does_not_expire(sessions: SessionFactory) -> None:
    """A renewed lease is held longer than its duration."""
    first, second = Lease(sessions, "work", seconds=1), Lease(sessions, "work", seconds=1)
    assert await first.acquire()
    for _ in range(4):
        await asyncio.sleep(0.4)
        async with sessions.begin() as session:
            await first.renew(session)
        assert not await second.acquire()


async def test_leases_of_other_names_are_independent(sessions: SessionFactory) -> None:
    """One process may hold leases of several names."""
    assert await Lease(sessions, "work", seconds=60).acquire()
    assert await Lease(sessions, "other", seconds=60).acquire()
