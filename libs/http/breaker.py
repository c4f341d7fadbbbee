"""The circuit breaker of a peer: after many failures, calls fail at once instead of after their deadline.

It is closed at first. Failures open it. After a pause it is half-open: one request is sent, and its result closes it
or opens it again. Others fail until then.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

import httpx2

from libs.clock.clock import Clock
from libs.http.errors import CallError, CircuitOpen, ConnectionTimeout, UnacceptableResponse
from libs.http.transports import DEADLINE, WrappingTransport

_FAILED_STATUSES: Final = frozenset({502, 503})
_TIMED_OUT: Final = 504


class CircuitState(IntEnum):
    """The state of a breaker, and the value of its metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Result(Enum):
    """The result of a request, as it counts for the state of its peer."""

    SUCCESS = "success"
    FAILURE = "failure"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """When a breaker opens.

    Attributes:
        failures: so many failures among the last requests open it.
        window: number of last requests that count.
        window_seconds: age to which they count.
        open_seconds: time from opening to half-open.
    """

    failures: int = 10
    window: int = 20
    window_seconds: float = 30.0
    open_seconds: float = 2.0


class CircuitBreaker:
    """The state of one peer. `on_change` is called with each new state."""

    def __init__(self, policy: BreakerPolicy, *, clock: Clock, on_change: Callable[[CircuitState], None]) -> None:
        self._policy = policy
        self._clock = clock
        self._on_change = on_change
        self._state = CircuitState.CLOSED
        self._results: deque[tuple[float, Result]] = deque(maxlen=policy.window)
        self._is_probing = False
        self._reopens_at = 0.0
        self._period = 0

    def acquire(self) -> int | None:
        """Return a number for `record` when a request may be sent, else None."""
        if self._state is CircuitState.OPEN and self._clock.monotonic() >= self._reopens_at:
            self._change(CircuitState.HALF_OPEN)
        if self._state is CircuitState.OPEN or self._is_probing:
            return None
        self._is_probing = self._state is CircuitState.HALF_OPEN
        return self._period

    def record(self, admitted: int, result: Result) -> None:
        """Record the result of an admitted request. Results of requests from before the last change are ignored."""
        if admitted != self._period:
            return
        self._is_probing = False
        if result is Result.NONE:
            return
        now = self._clock.monotonic()
        self._results.append((now, result))
        if self._state is CircuitState.HALF_OPEN:
            self._change(CircuitState.CLOSED if result is Result.SUCCESS else CircuitState.OPEN)
        elif result is Result.FAILURE and self._failures(now) >= self._policy.failures:
            self._change(CircuitState.OPEN)

    def _failures(self, now: float) -> int:
        oldest = now - self._policy.window_seconds
        return sum(result is Result.FAILURE and at >= oldest for at, result in self._results)

    def _change(self, state: CircuitState) -> None:
        self._state = state
        self._period += 1
        self._is_probing = False
        self._results.clear()
        self._reopens_at = self._clock.monotonic() + self._policy.open_seconds
        self._on_change(state)


class BreakerTransport(WrappingTransport):
    """Sends the requests that the breaker admits.

    A missing or unusable response and the statuses 502, 503 and 504 are failures. Clients choose deadlines, so failures
    due to short deadlines do not count: a cancelled request is a failure only if it took at least half of `seconds`,
    and a connection timeout or a 504 only if at least half of `seconds` was left at the beginning.
    """

    def __init__(
        self,
        inner: httpx2.AsyncBaseTransport,
        *,
        peer: str,
        breaker: CircuitBreaker,
        clock: Clock,
        seconds: float,
    ) -> None:
        super().__init__(inner)
        self._peer = peer
        self._breaker = breaker
        self._clock = clock
        self._enough = seconds / 2

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request.

        Raises:
            CircuitOpen: the breaker is open, or half-open with a request under way.
        """
        admitted = self._breaker.acquire()
        if admitted is None:
            raise CircuitOpen(self._peer, "too many of the last requests failed")
        began = self._clock.monotonic()
        timed_out = Result.NONE if self._has_little_time(request) else Result.FAILURE
        result = Result.NONE
        try:
            response = await self.inner.handle_async_request(request)
            result = timed_out if response.status_code == _TIMED_OUT else _result_of(response)
        except ConnectionTimeout:
            result = timed_out
            raise
        except UnacceptableResponse:
            result = Result.SUCCESS
            raise
        except CallError as error:
            result = Result.FAILURE if error.is_transient else Result.NONE
            raise
        except asyncio.CancelledError:
            if self._clock.monotonic() - began >= self._enough:
                result = Result.FAILURE
            raise
        finally:
            self._breaker.record(admitted, result)
        return response

    def _has_little_time(self, request: httpx2.Request) -> bool:
        deadline = request.extensions.get(DEADLINE)
        return deadline is not None and deadline - time.monotonic() < self._enough


def _result_of(response: httpx2.Response) -> Result:
    return Result.FAILURE if response.status_code in _FAILED_STATUSES else Result.SUCCESS
