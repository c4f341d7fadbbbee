"""Prometheus metrics and log lines of calls."""

import asyncio
import time
from typing import Final

import httpx2
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from libs.http.breaker import CircuitState
from libs.http.errors import CallError
from libs.http.retries import RetryEvent
from libs.http.transports import WrappingTransport

_log = structlog.get_logger("libs.http")

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_CANCELLED: Final = "cancelled"
# The change of the breaker's state is logged, and the client's disconnection is no fault.
_UNLOGGED: Final = frozenset({"circuit_open", "caller_disconnected"})


class CallMetrics:
    """The metrics of all peers of a service, in the registry of its application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "http_client_calls",
            "Calls to other services, by status class or kind of error.",
            ("peer", "operation", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "http_client_call_seconds",
            "Time of a call, retries included.",
            ("peer",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._retries = Counter(
            "http_client_retries",
            "Retries that were sent, and those that the retry budget denied.",
            ("peer", "result"),
            registry=registry,
        )
        self._state = Gauge(
            "http_client_circuit_state", "0 is closed, 1 half-open, 2 open.", ("peer",), registry=registry
        )

    def observe(self, *, peer: str, operation: str, outcome: str, seconds: float) -> None:
        """Count a call."""
        self._calls.labels(peer, operation, outcome).inc()
        self._seconds.labels(peer).observe(seconds)

    def count_retry(self, peer: str, event: RetryEvent) -> None:
        """Count a retry, or one that was denied."""
        self._retries.labels(peer, event.value).inc()

    def set_state(self, peer: str, state: CircuitState) -> None:
        """Set the state of the breaker."""
        self._state.labels(peer).set(state)


class MeasuredTransport(WrappingTransport):
    """Counts and times each call, and logs those without a response and those with status 5xx."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, peer: str, metrics: CallMetrics) -> None:
        super().__init__(inner)
        self._peer = peer
        self._metrics = metrics

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request."""
        began, outcome, reason = time.perf_counter(), "error", ""
        try:
            response = await self.inner.handle_async_request(request)
            outcome = f"{response.status_code // 100}xx"
            reason = f"status {response.status_code}" if response.status_code >= 500 else ""
        except CallError as error:
            outcome = error.outcome
            # A client that sets a short deadline must not fill the log.
            reason = "" if outcome in _UNLOGGED or error.has_callers_deadline else str(error)
            raise
        except asyncio.CancelledError:
            outcome = _CANCELLED
            raise
        finally:
            self._record(request, outcome, reason, time.perf_counter() - began)
        return response

    def _record(self, request: httpx2.Request, outcome: str, reason: str, seconds: float) -> None:
        operation = str(request.extensions.get("operation", ""))
        self._metrics.observe(peer=self._peer, operation=operation, outcome=outcome, seconds=seconds)
        if reason:
            milliseconds = round(seconds * 1000, 2)
            _log.warning(
                "call failed",
                peer=self._peer,
                operation=operation,
                outcome=outcome,
                reason=reason,
                milliseconds=milliseconds,
            )
