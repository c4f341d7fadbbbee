"""Attempts are limited by account and network, and the owner of an account is never locked out."""

import contextlib

import pytest

from libs.auth.counters import AttemptCounters
from libs.auth.errors import Throttled
from libs.auth.throttle import PER_ACCOUNT, PER_NETWORK, AttemptThrottle, network_of
from libs.clock.testing import FakeClock

HOME = "192.0.2.1"
STRANGER = "198.51.100.7"


class Attempts:
    """A throttle, and the number of attempts that it allows."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.throttle = AttemptThrottle(AttemptCounters(clock=self.clock), kind="login")

    async def allowed(self, account: str, address: str, times: int) -> int:
        """Return how many of `times` attempts were allowed."""
        allowed = 0
        for _ in range(times):
            with contextlib.suppress(Throttled):
                await self.throttle.acquire(account, address)
                allowed += 1
        return allowed


@pytest.fixture
def attempts() -> Attempts:
    """Return a throttle that has counted nothing."""
    return Attempts()


async def test_an_account_has_five_attempts_in_a_window(attempts: Attempts) -> None:
    """The window begins with the first attempt and ends five minutes later."""
    assert await attempts.allowed("ada", HOME, 1) == 1
    attempts.clock.advance(PER_ACCOUNT.seconds - 1)
    assert await attempts.allowed("ada", HOME, 20) == 4
    attempts.clock.advance(1)
    assert await attempts.allowed("ada", HOME, 20) == 5


async def test_retry_after_is_the_end_of_the_window(attempts: Attempts) -> None:
    """After the seconds in `retry_after`, an attempt is allowed again."""
    await attempts.allowed("ada", HOME, 5)
    attempts.clock.advance(12.5)
    with pytest.raises(Throttled) as caught:
        await attempts.throttle.acquire("ada", HOME)
    assert caught.value.retry_after == PER_ACCOUNT.seconds - 12
    attempts.clock.advance(caught.value.retry_after)
    await attempts.throttle.acquire("ada", HOME)


async def test_setting_the_wall_clock_back_extends_no_window(attempts: Attempts) -> None:
    """Windows end by the monotonic clock."""
    await attempts.allowed("ada", HOME, 5)
    attempts.clock.step(-3600)
    with pytest.raises(Throttled) as caught:
        await attempts.throttle.acquire("ada", HOME)
    assert caught.value.retry_after <= PER_ACCOUNT.seconds


async def test_a_stranger_cannot_lock_the_owner_out(attempts: Attempts) -> None:
    """Attempts of a stranger never delay a login of the owner from another network."""
    for _ in range(100):
        await attempts.allowed("ada", STRANGER, 10)
        attempts.clock.advance(10)
    assert await attempts.allowed("ada", HOME, 1) == 1


async def test_many_networks_cannot_lock_the_owner_out(attempts: Attempts) -> None:
    """Two hundred networks at once do not affect the owner's."""
    for number in range(200):
        await attempts.allowed("ada", f"198.51.100.{number}", 10)
    assert await attempts.allowed("ada", HOME, 1) == 1


async def test_a_network_has_fifty_attempts_over_all_accounts(attempts: Attempts) -> None:
    """One password tried on many accounts is throttled; a rejected attempt does not count."""
    allowed = 0
    for number in range(200):
        allowed += await attempts.allowed(f"user-{number}", STRANGER, 1)
    assert allowed == PER_NETWORK.attempts
    assert await attempts.allowed("ada", HOME, 1) == 1
    attempts.clock.advance(PER_NETWORK.seconds)
    assert await attempts.allowed("ada", STRANGER, 1) == 1


async def test_retries_on_one_account_leave_others_of_the_network_their_attempts(attempts: Attempts) -> None:
    """A client that repeats rejected attempts only uses up the attempts of its account."""
    assert await attempts.allowed("ada", HOME, 200) == 5
    assert await attempts.allowed("bob", HOME, 5) == 5


async def test_a_rejected_attempt_does_not_count(attempts: Attempts) -> None:
    """When one of fifty concurrent logins succeeds, the next one is allowed, however many were rejected."""
    for number in range(PER_NETWORK.attempts + 20):
        await attempts.allowed(f"user-{number}", HOME, 1)
    await attempts.throttle.reset("user-0", HOME)
    assert await attempts.allowed("late", HOME, 2) == 1


async def test_a_success_forgets_the_failures(attempts: Attempts) -> None:
    """After a success at the fifth attempt, the account has five attempts again."""
    await attempts.allowed("ada", HOME, 5)
    await attempts.throttle.reset("ada", HOME)
    assert await attempts.allowed("ada", HOME, 10) == 5


async def test_a_success_gives_no_guesses_at_other_accounts(attempts: Attempts) -> None:
    """A login to one's own account gives its network one attempt back and no more."""
    allowed = 0
    for number in range(200):
        allowed += await attempts.allowed(f"user-{number}", STRANGER, 1)
        if await attempts.allowed("mallory", STRANGER, 1):
            await attempts.throttle.reset("mallory", STRANGER)
    assert allowed == PER_NETWORK.attempts


async def test_a_refund_takes_back_one_attempt(attempts: Attempts) -> None:
    """It counts neither for the account nor for the network; earlier attempts still do."""
    await attempts.allowed("ada", HOME, 4)
    for _ in range(200):
        await attempts.throttle.acquire("ada", HOME)
        await attempts.throttle.refund("ada", HOME)
    assert await attempts.allowed("ada", HOME, 10) == 1


async def test_a_late_refund_gives_no_extra_attempt(attempts: Attempts) -> None:
    """A refund after the end of its window has no effect."""
    await attempts.throttle.acquire("ada", HOME)
    attempts.clock.advance(PER_ACCOUNT.seconds)
    await attempts.throttle.refund("ada", HOME)
    assert await attempts.allowed("ada", HOME, 10) == 5


async def test_an_office_behind_one_address_logs_in(attempts: Attempts) -> None:
    """Five hundred successful logins from one network are not throttled."""
    for number in range(500):
        assert await attempts.allowed(f"user-{number}", HOME, 1) == 1
        await attempts.throttle.reset(f"user-{number}", HOME)


async def test_kinds_count_apart() -> None:
    """Failed logins do not keep a user from asking for a new password."""
    counters = AttemptCounters(clock=FakeClock())
    logins, resets = AttemptThrottle(counters, kind="login"), AttemptThrottle(counters, kind="reset")
    for _ in range(5):
        await logins.acquire("ada", HOME)
    await resets.acquire("ada", HOME)
    with pytest.raises(Throttled):
        await logins.acquire("ada", HOME)


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
def test_an_ipv6_network_is_a_64(address: str, network: str) -> None:
    """A customer usually has a whole /64, which is 2^64 addresses, so they count together."""
    assert network_of(address) == network


async def test_the_addresses_of_an_ipv6_network_count_together(attempts: Attempts) -> None:
    """Addresses of one /64 share their attempts."""
    assert await attempts.allowed("ada", "2001:db8:1:2::1", 5) == 5
    assert await attempts.allowed("ada", "2001:db8:1:2::2", 1) == 0
    assert await attempts.allowed("ada", "2001:db8:1:3::1", 1) == 1
