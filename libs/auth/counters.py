"""Counters of attempts, kept by the library `limits` in this process or in Redis or Valkey."""

import asyncio
import logging
import math
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from limits import RateLimitItem
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError

from libs.auth.errors import InvalidThrottleUri
from libs.clock.clock import Clock

T = TypeVar("T")

_ANSWER_SECONDS = 0.5
"""Longest wait for the shared store, which every attempt waits for."""
_RETRY_SECONDS = 2.0
_WARN_SECONDS = 60.0
_URI = re.compile(r"(async\+)?(?P<server>redis|valkey)(?P<tls>s?)://(?P<rest>.+)", re.DOTALL)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Counter:
    value: int
    expires_at: float


class MemoryCounters(Storage):
    """Counters in this process: at most `max_keys`, of which the least recently used is dropped first.

    `limits.aio.storage.MemoryStorage` has no bound and visits all of its keys at every hit, so a flood of random keys
    would hold the event loop. It also reads the wall clock, which can be set back.
    """

    STORAGE_SCHEME = None

    def __init__(self, *, clock: Clock, max_keys: int = 100_000) -> None:
        """Start without counters; a counter expires by the monotonic time of `clock`."""
        super().__init__()
        self._clock = clock
        self._max_keys = max_keys
        self._counters: OrderedDict[str, _Counter] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of counters, expired ones included."""
        return len(self._counters)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """Return no exception: memory does not fail."""
        return ()

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add `amount` to the counter, which ends `expiry` seconds after it began, and return its value."""
        counter = self._live(key)
        if counter is None:
            if amount < 0:
                return 0
            counter = _Counter(0, self._clock.monotonic() + expiry)
            self._counters[key] = counter
            if len(self._counters) > self._max_keys:
                self._counters.popitem(last=False)
        self._counters.move_to_end(key)
        counter.value += amount
        return counter.value

    async def get(self, key: str) -> int:
        """Return the value of the counter."""
        counter = self._live(key)
        return counter.value if counter else 0

    async def get_expiry(self, key: str) -> float:
        """Return the wall-clock time at which the counter ends, as the strategies of `limits` expect it."""
        counter = self._live(key)
        return time.time() + (counter.expires_at - self._clock.monotonic() if counter else 0.0)

    async def check(self) -> bool:
        """Return that memory is available."""
        return True

    async def reset(self) -> int | None:
        """Remove every counter and return how many there were."""
        count = len(self._counters)
        self._counters.clear()
        return count

    async def clear(self, key: str) -> None:
        """Remove the counter."""
        self._counters.pop(key, None)

    def _live(self, key: str) -> _Counter | None:
        counter = self._counters.get(key)
        if counter is not None and counter.expires_at <= self._clock.monotonic():
            del self._counters[key]
            return None
        return counter


class SharedStore:
    """Counters in Redis or Valkey, which replicas share."""

    def __init__(self, uri: str, *, prefix: str) -> None:
        """Use the server at `uri`, with keys that begin with `prefix`. Nothing is connected yet.

        `uri` is `redis://[USER:PASSWORD@]HOST:PORT[/DATABASE]`, with `rediss` for TLS. The scheme may be `valkey`
        instead of `redis`, and may begin with `async+`, as in the documentation of `limits`.

        Raises:
            InvalidThrottleUri: `uri` is not of that form.
        """
        # Its import takes longer than that of this library, and few processes need it.
        from redis.asyncio import ConnectionPool  # noqa: PLC0415

        parts = _URI.fullmatch(uri)
        if parts is None:
            raise InvalidThrottleUri("expected redis://HOST:PORT, rediss://HOST:PORT or valkey://HOST:PORT")
        # Both servers have the same protocol, so one client library serves both.
        address = f"redis{parts['tls']}://{parts['rest']}"
        try:
            self._pool = ConnectionPool.from_url(address)
            self.storage: Storage = RedisStorage(
                f"async+{address}",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix=f"{prefix}-throttle",
                connection_pool=self._pool,  # type: ignore[arg-type]  # its documented type is narrower than its use
            )
        except (ConfigurationError, ValueError) as error:
            # The library's text may quote the URI with its password.
            raise InvalidThrottleUri("the host, the port or a parameter is not valid") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()


class AttemptCounters:
    """Counts attempts in fixed windows, each of which begins with its first attempt.

    With a shared store, replicas count together. While it does not answer, each replica counts in its own memory, so
    attempts are never unlimited; the store is tried again every two seconds.
    """

    def __init__(self, *, clock: Clock, shared: SharedStore | None = None, max_keys: int = 100_000) -> None:
        """Count in `shared`, or only in memory; `max_keys` bounds the memory."""
        self._clock = clock
        self._local = FixedWindowRateLimiter(MemoryCounters(clock=clock, max_keys=max_keys))
        self._shared = FixedWindowRateLimiter(shared.storage) if shared is not None else None
        self._retry_at = -math.inf
        self._warn_at = -math.inf

    async def acquire(self, limit: RateLimitItem, key: str) -> int:
        """Count one attempt and return 0, or return the seconds after which another is possible."""

        async def count(window: FixedWindowRateLimiter) -> int:
            if await window.hit(limit, key):
                return 0
            # A rejected attempt does not count, or successes could not make up for it.
            await window.hit(limit, key, cost=-1)
            stats = await window.get_window_stats(limit, key)
            # Less a millisecond, since the difference of two times is not exact.
            return max(1, math.ceil(stats.reset_time - time.time() - 0.001))

        return await self._run(count)

    async def refund(self, limit: RateLimitItem, key: str) -> None:
        """Undo one `acquire`."""
        await self._run(lambda window: window.hit(limit, key, cost=-1))

    async def clear(self, limit: RateLimitItem, key: str) -> None:
        """Undo every `acquire` of the key."""
        await self._run(lambda window: window.clear(limit, key))

    async def _run(self, operation: Callable[[FixedWindowRateLimiter], Awaitable[T]]) -> T:
        if self._shared is not None and self._clock.monotonic() >= self._retry_at:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    return await operation(self._shared)
            # A timeout is an OSError.
            except (StorageError, OSError) as error:
                self._retry_at = self._clock.monotonic() + _RETRY_SECONDS
                self._warn(error)
        return await operation(self._local)

    def _warn(self, error: Exception) -> None:
        now = self._clock.monotonic()
        if now >= self._warn_at:
            self._warn_at = now + _WARN_SECONDS
            reason = str(error) or type(error).__name__
            _log.warning("the throttle store does not answer, so this process counts attempts in memory: %s", reason)
