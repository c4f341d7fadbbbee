"""Counters are bounded in memory, shared by a real Redis, and local while it does not answer."""

import asyncio
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from limits import RateLimitItemPerSecond

from libs.auth.counters import AttemptCounters, MemoryCounters, SharedStore
from libs.auth.errors import InvalidThrottleUri, Throttled
from libs.auth.redis_testing import RedisServer, redis_server
from libs.auth.throttle import AttemptThrottle, Limit
from libs.clock.testing import FakeClock

HOME = "192.0.2.1"
THREE = RateLimitItemPerSecond(3, 300, "test")
RETRY_SECONDS = 2


async def test_memory_is_bounded() -> None:
    """Of a flood of random keys the newest are kept; a key in use stays."""
    counters = MemoryCounters(clock=FakeClock(), max_keys=100)
    for number in range(1000):
        await counters.incr(f"random-{number}", 300)
        await counters.incr("in use", 300)
    assert len(counters) == 100
    assert (await counters.get("in use"), await counters.get("random-999")) == (1000, 1)
    assert await counters.get("random-0") == 0


async def test_a_flood_of_keys_costs_no_more_for_each() -> None:
    """The hundred-thousandth key does not scan the earlier ones."""
    counters = AttemptCounters(clock=FakeClock())
    started = time.process_time()
    for number in range(20_000):
        await counters.acquire(THREE, f"random-{number}")
    assert time.process_time() - started < 10


async def test_counters_expire() -> None:
    """An expired counter is gone, and the next attempt begins a window."""
    clock = FakeClock()
    counters = MemoryCounters(clock=clock)
    assert await counters.incr("key", 10) == 1
    assert await counters.get_expiry("key") == pytest.approx(time.time() + 10, abs=5)
    clock.advance(10)
    assert await counters.get("key") == 0
    assert await counters.get_expiry("key") == pytest.approx(time.time(), abs=5)
    assert await counters.incr("key", 10) == 1


async def test_counters_can_be_removed() -> None:
    """`clear` removes one counter, `reset` all."""
    counters = MemoryCounters(clock=FakeClock())
    for key in ("a", "b", "c"):
        await counters.incr(key, 10)
    await counters.clear("a")
    assert await counters.get("a") == 0
    assert await counters.reset() == 2
    assert (len(counters), await counters.check()) == (0, True)


@pytest.mark.parametrize(
    "uri",
    [
        "localhost:6379",
        "http://127.0.0.1:6379",
        "redis://",
        "redis://127.0.0.1",
        "redis://canary:secret@127.0.0.1:port",
        "redis://canary:secret@127.0.0.1:99999",
    ],
)
def test_a_uri_that_cannot_be_used_is_rejected(uri: str) -> None:
    """The error is one sentence without the password of the URI."""
    with pytest.raises(InvalidThrottleUri) as caught:
        SharedStore(uri, prefix="test")
    assert "secret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """Return a Redis of the test's own."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, redis_server(Path(folder)) as running:
        yield running


@asynccontextmanager
async def _replica(uri: str, clock: FakeClock | None = None) -> AsyncIterator[AttemptCounters]:
    store = SharedStore(uri, prefix="test")
    try:
        yield AttemptCounters(clock=clock or FakeClock(), shared=store)
    finally:
        await store.close()


async def _allowed(counters: AttemptCounters, key: str, times: int) -> int:
    return [await counters.acquire(THREE, key) for _ in range(times)].count(0)


@pytest.mark.parametrize("scheme", ["redis", "async+redis", "valkey", "async+valkey"])
async def test_replicas_share_their_limits(server: RedisServer, scheme: str) -> None:
    """Attempts and refunds at one replica count at the other."""
    uri = server.uri.replace("redis", scheme)
    async with _replica(uri) as one, _replica(uri) as other:
        assert await _allowed(one, "key", 2) == 2
        assert await _allowed(other, "key", 5) == 1
        assert 0 < await one.acquire(THREE, "key") <= 300
        await one.refund(THREE, "key")
        assert await _allowed(other, "key", 5) == 1
        await other.clear(THREE, "key")
        assert await _allowed(one, "key", 5) == 3


async def test_a_throttle_works_on_redis(server: RedisServer) -> None:
    """Successes and refunds give attempts back, and the window ends in real time."""
    async with _replica(server.uri) as counters:
        throttle = AttemptThrottle(counters, kind="login", per_account=Limit(attempts=2, seconds=1))
        for _ in range(20):
            await throttle.acquire("ada", HOME)
            await throttle.refund("ada", HOME)
        for _ in range(60):
            await throttle.acquire("ada", HOME)
            await throttle.reset("ada", HOME)
        await throttle.acquire("ada", HOME)
        await throttle.acquire("ada", HOME)
        with pytest.raises(Throttled) as caught:
            await throttle.acquire("ada", HOME)
        assert caught.value.retry_after == 1
        await asyncio.sleep(1.1)
        await throttle.acquire("ada", HOME)


async def test_limits_are_local_while_redis_is_away(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """While the store is down, attempts are limited locally with one warning a minute; then the store is used again."""
    clock = FakeClock()
    caplog.set_level(logging.WARNING)
    async with _replica(server.uri, clock) as one, _replica(server.uri) as other:
        assert await _allowed(one, "key", 1) == 1
        server.kill()
        for _ in range(5):
            clock.advance(RETRY_SECONDS)
            await one.acquire(THREE, "key")
        assert await _allowed(one, "key", 5) == 0
        assert len(caplog.records) == 1
        assert "store does not answer" in caplog.text
        clock.advance(60)
        await one.acquire(THREE, "key")
        assert len(caplog.records) == 2
        server.start()
        clock.advance(RETRY_SECONDS)
        assert await _allowed(one, "key", 2) == 2
        assert await _allowed(other, "key", 5) == 1
        assert len(caplog.records) == 2


async def test_a_store_that_hangs_delays_one_attempt(server: RedisServer) -> None:
    """The wait is half a second, and attempts in the next two seconds do not wait."""
    async with _replica(server.uri) as counters:
        assert await _allowed(counters, "key", 1) == 1
        server.freeze()
        async with asyncio.timeout(4):
            assert await _allowed(counters, "key", 5) == 3


async def test_without_redis_from_the_start_limits_are_local() -> None:
    """A process starts and counts even if its store was never reachable."""
    async with _replica("redis://127.0.0.1:1") as counters:
        assert await _allowed(counters, "key", 5) == 3
