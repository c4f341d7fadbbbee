"""Retries of requests that may be repeated, as far as the retry budget of the peer allows."""

import time
from collections.abc import Callable
from enum import Enum
from typing import Final

import httpx2
import stamina

from libs.http.errors import CallError
from libs.http.transports import DEADLINE, WrappingTransport

_ATTEMPTS: Final = 3
_WAIT_INITIAL: Final = 0.05
_WAIT_MAX: Final = 0.5
_JITTER: Final = 0.05

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_RETRIED_STATUSES: Final = frozenset({502, 503, 504})
_TOO_MANY_REQUESTS: Final = 429


class RetryEvent(Enum):
    """The outcome of a retry; a label of the metrics."""

    SENT = "sent"
    DENIED = "denied"


class RetryBudget:
    """Limits retries to a share of the calls, so that they do not multiply the load of a peer that fails.

    Each call earns a tenth of a retry. The budget starts empty and holds at most ten retries.
    """

    _PERCENT: Final = 10
    _MAX_RETRIES: Final = 10

    def __init__(self) -> None:
        self._percents = 0

    def earn(self) -> None:
        """Count a call."""
        self._percents = min(self._percents + self._PERCENT, self._MAX_RETRIES * 100)

    def spend(self) -> bool:
        """Take one retry; return whether there was one."""
        if self._percents < 100:
            return False
        self._percents -= 100
        return True


class RetryTransport(WrappingTransport):
    """Repeats safe requests and those with an idempotency key, at most twice.

    Retried are connections that fail and the statuses 502, 503 and 504; 429 only with `Retry-After`. `Retry-After` is
    honoured, and no retry is made that would begin after the deadline.
    """

    def __init__(
        self,
        inner: httpx2.AsyncBaseTransport,
        *,
        budget: RetryBudget,
        on_retry: Callable[[RetryEvent], None],
    ) -> None:
        super().__init__(inner)
        self._budget = budget
        self._on_retry = on_retry

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request, and retry it if it may be repeated."""
        self._budget.earn()
        if not is_repeatable(request):
            return await self.inner.handle_async_request(request)
        # Read a streamed body into memory, since a stream can be sent only once.
        await request.aread()
        backoff = _Backoff(request.extensions[DEADLINE], self._budget, self._on_retry)
        try:
            async for attempt in stamina.retry_context(
                on=backoff,
                attempts=_ATTEMPTS,
                timeout=None,
                wait_initial=_WAIT_INITIAL,
                wait_max=_WAIT_MAX,
                wait_jitter=_JITTER,
            ):
                with attempt:
                    backoff.attempt = attempt
                    return _checked(await self.inner.handle_async_request(request))
        except _RetryableStatus as error:
            return error.response
        raise AssertionError("stamina ends with a result or an error")


def is_repeatable(request: httpx2.Request) -> bool:
    """Return whether sending the request twice has no further effect.

    The extension `idempotent` decides, otherwise the method (RFC 9110, section 9.2.1) or an `Idempotency-Key`.
    """
    declared = request.extensions.get("idempotent")
    if declared is not None:
        return bool(declared)
    return request.method in _SAFE_METHODS or "Idempotency-Key" in request.headers


def retry_after(response: httpx2.Response) -> int | None:
    """Return the seconds of `Retry-After`; None when it is absent or a date, which services here do not send."""
    value = response.headers.get("Retry-After", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


class _RetryableStatus(Exception):
    def __init__(self, response: httpx2.Response, seconds: int | None) -> None:
        super().__init__()
        self.response = response
        self.seconds = seconds


def _checked(response: httpx2.Response) -> httpx2.Response:
    seconds = retry_after(response)
    is_limited = response.status_code == _TOO_MANY_REQUESTS and seconds is not None
    if is_limited or response.status_code in _RETRIED_STATUSES:
        raise _RetryableStatus(response, seconds)
    return response


class _Backoff:
    """Decides after each failed attempt of one call, as stamina's hook."""

    def __init__(self, deadline: float, budget: RetryBudget, on_retry: Callable[[RetryEvent], None]) -> None:
        self.attempt: stamina.Attempt | None = None
        self._deadline = deadline
        self._budget = budget
        self._on_retry = on_retry

    def __call__(self, error: Exception) -> bool | float:
        """Return whether to retry; seconds, if the peer gives a time."""
        if not isinstance(error, _RetryableStatus) and not (isinstance(error, CallError) and error.is_transient):
            return False
        # stamina asks after the last attempt too, where a retry would be taken from the budget and not be made.
        if self.attempt is None or self.attempt.num >= _ATTEMPTS:
            return False
        asked = error.seconds if isinstance(error, _RetryableStatus) else None
        wait = self.attempt.next_wait + _JITTER if asked is None else float(asked)
        if time.monotonic() + wait >= self._deadline:
            return False
        if not self._budget.spend():
            self._on_retry(RetryEvent.DENIED)
            return False
        self._on_retry(RetryEvent.SENT)
        return True if asked is None else wait
