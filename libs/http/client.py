"""The client for calls to another service."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import httpx2
import structlog

from libs.clock.clock import Clock, SystemClock
from libs.http.attempt import AttemptTransport
from libs.http.breaker import BreakerPolicy, BreakerTransport, CircuitBreaker, CircuitState
from libs.http.credentials import CallerTokenTransport, Credentials, ServiceTokenTransport
from libs.http.deadline import DeadlineTransport
from libs.http.metrics import CallMetrics, MeasuredTransport
from libs.http.propagation import PropagationTransport
from libs.http.retries import RetryBudget, RetryTransport
from libs.http.service_tokens import ServiceTokens
from libs.http.settings import CallSettings

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

_log = structlog.get_logger("libs.http")

# Idle connections are closed before the peer closes them: services close theirs after `IDLE_SECONDS`, 10 by default.
_LIMITS: Final = httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A service that is called.

    Attributes:
        name: in metrics, logs and errors.
        url: its base URL.
        credentials: whose token the calls carry.
        max_response_bytes: largest body of a response.
    """

    name: str
    url: str
    credentials: Credentials = Credentials.SERVICE
    max_response_bytes: int = 1_048_576


def service_http_client(
    settings: CallSettings,
    *,
    peer: Peer,
    metrics: CallMetrics,
    tokens: ServiceTokens | None = None,
    tracer_provider: "TracerProvider | None" = None,
    clock: Clock | None = None,
) -> httpx2.AsyncClient:
    """Return a client of one peer. The caller closes it; it is shared by all requests of the service.

    Requests may have the extensions `operation`, a name for metrics and logs, and `idempotent`, whether a retry is
    harmless. Bodies of responses are read before a method returns. Each error is a `CallError`.

    Args:
        settings: the limits of calls.
        peer: the service.
        metrics: the metrics of all peers.
        tokens: the service's own tokens (`open_service_tokens`); without them, calls that need one fail.
        tracer_provider: makes a client span for each attempt; None when tracing is off.
        clock: the clock of the breaker.
    """
    clock = clock or SystemClock()
    transport: httpx2.AsyncBaseTransport = AttemptTransport(
        httpx2.AsyncHTTPTransport(limits=_LIMITS),
        peer=peer.name,
        url=httpx2.URL(peer.url),
        max_bytes=peer.max_response_bytes,
    )
    transport = _traced(transport, tracer_provider)
    transport = BreakerTransport(
        transport,
        peer=peer.name,
        breaker=CircuitBreaker(BreakerPolicy(), clock=clock, on_change=partial(_on_change, peer.name, metrics)),
        clock=clock,
        seconds=settings.call_seconds,
    )
    transport = RetryTransport(transport, budget=RetryBudget(), on_retry=partial(metrics.count_retry, peer.name))
    transport = _authorized(transport, peer, tokens)
    transport = PropagationTransport(transport)
    transport = DeadlineTransport(transport, peer=peer.name, seconds=settings.call_seconds)
    transport = MeasuredTransport(transport, peer=peer.name, metrics=metrics)
    metrics.set_state(peer.name, CircuitState.CLOSED)
    return httpx2.AsyncClient(
        base_url=peer.url,
        transport=transport,
        headers={"Accept-Encoding": "identity"},
        timeout=None,  # the deadline takes its place
        trust_env=False,
    )


def _traced(transport: httpx2.AsyncBaseTransport, provider: "TracerProvider | None") -> httpx2.AsyncBaseTransport:
    if provider is None:
        return transport
    from opentelemetry.instrumentation.httpx import AsyncOpenTelemetryTransportHttpx2  # noqa: PLC0415  # not when off

    # Its annotations name httpx where that is installed too.
    traced: Any = AsyncOpenTelemetryTransportHttpx2
    return cast("httpx2.AsyncBaseTransport", traced(transport, tracer_provider=provider))


def _authorized(
    transport: httpx2.AsyncBaseTransport, peer: Peer, tokens: ServiceTokens | None
) -> httpx2.AsyncBaseTransport:
    match peer.credentials:
        case Credentials.SERVICE:
            return ServiceTokenTransport(transport, peer=peer.name, tokens=tokens)
        case Credentials.CALLER:
            return CallerTokenTransport(transport, peer=peer.name)
        case Credentials.NONE:
            return transport


def _on_change(peer: str, metrics: CallMetrics, state: CircuitState) -> None:
    metrics.set_state(peer, state)
    write = _log.warning if state is CircuitState.OPEN else _log.info
    write("circuit breaker", peer=peer, state=state.name.lower())
