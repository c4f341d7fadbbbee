"""Tests of libs.auth.throttle."""

import contextlib

import pytest

from libs.auth.errors import Throttled
from libs.auth.throttle import Allowance, MemoryThrottle, network_of
from libs.clock.testing import FakeClock

HOME = "192.0.2.1"
STRANGER = "198.51.100.7"


class Door:
    """A throttle and how many attempts it lets through."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.throttle = MemoryThrottle(clock=self.clock)

    async def knock(self, account: str, address: str, times: int) -> int:
        """Return how many of `times` attempts were admitted."""
        admitted = 0
        for _ in range(times):
            with contextlib.suppress(Throttled):
                await self.throttle.acquire(account, address)
                admitted += 1
        return admitted


@pytest.fixture
def door() -> Door:
    """Return a door that nobody has knocked at."""
    return Door()


async def test_five_attempts_then_one_a_minute(door: Door) -> None:
    """Per account, from one network."""
    assert await door.knock("ada", HOME, 20) == 5
    door.clock.advance(59)
    assert await door.knock("ada", HOME, 20) == 0
    door.clock.advance(1)
    assert await door.knock("ada", HOME, 20) == 1


async def test_the_wait_is_the_time_to_the_next_attempt(door: Door) -> None:
    """It becomes Retry-After, so whoever keeps to it gets in."""
    await door.knock("ada", HOME, 5)
    door.clock.advance(12.5)
    with pytest.raises(Throttled) as caught:
        await door.throttle.acquire("ada", HOME)
    assert caught.value.retry_after == 48
    door.clock.advance(48)
    await door.throttle.acquire("ada", HOME)


async def test_a_stranger_cannot_lock_the_owner_out(door: Door) -> None:
    """However long somebody guesses at an account, its owner elsewhere logs in at once."""
    for _ in range(100):
        await door.knock("ada", STRANGER, 10)
        door.clock.advance(10)
    assert await door.knock("ada", HOME, 1) == 1


async def test_many_strangers_cannot_either(door: Door) -> None:
    """Nor can a thousand networks at once."""
    for number in range(1000):
        await door.knock("ada", f"198.51.{number // 250}.{number % 250}", 10)
    assert await door.knock("ada", HOME, 1) == 1


async def test_one_network_has_fifty_attempts_over_all_accounts(door: Door) -> None:
    """Trying one password on many accounts is slowed down too."""
    admitted = 0
    for number in range(200):
        admitted += await door.knock(f"user-{number}", STRANGER, 1)
    assert admitted == 50
    assert await door.knock("ada", HOME, 1) == 1


async def test_a_success_takes_the_failures_back(door: Door) -> None:
    """Who remembers at the fifth attempt starts afresh."""
    await door.knock("ada", HOME, 5)
    await door.throttle.reset("ada", HOME)
    assert await door.knock("ada", HOME, 10) == 5


async def test_a_success_on_ones_own_account_does_not_help_to_guess_at_others(door: Door) -> None:
    """Each login of one's own gives back what it took and nothing else."""
    admitted = 0
    for number in range(200):
        admitted += await door.knock(f"user-{number}", STRANGER, 1)
        if await door.knock("mallory", STRANGER, 1):
            await door.throttle.reset("mallory", STRANGER)
    assert admitted == 50


async def test_an_attempt_that_could_not_be_judged_is_not_counted(door: Door) -> None:
    """It is given back alone, to the account and to the network; what else was counted stays."""
    await door.knock("ada", HOME, 4)
    for _ in range(200):
        await door.throttle.acquire("ada", HOME)
        await door.throttle.refund("ada", HOME)
    assert await door.knock("ada", HOME, 10) == 1


async def test_an_office_behind_one_address_logs_in(door: Door) -> None:
    """Five hundred people who know their passwords are no attack."""
    for number in range(500):
        assert await door.knock(f"user-{number}", HOME, 1) == 1
        await door.throttle.reset(f"user-{number}", HOME)


async def test_the_tables_are_bounded() -> None:
    """A flood of names costs memory for so many and no more."""
    clock = FakeClock()
    throttle = MemoryThrottle(clock=clock, per_network=Allowance(burst=10**9, seconds=0.001), max_entries=100)
    for number in range(1000):
        await throttle.acquire(f"user-{number}", f"2001:db8:{number:x}::1")
    assert len(throttle._accounts) == 100
    assert len(throttle._networks) == 100


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_network_is_what_one_party_holds(address: str, network: str) -> None:
    """Of IPv6 everybody has 2^64 addresses, so the /64 counts."""
    assert network_of(address) == network
