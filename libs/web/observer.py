"""What is kept of every request: a count, a line of log, a span."""

import time
from collections.abc import Callable

import structlog
from starlette.types import Scope

from libs.web.context import RequestContext
from libs.web.metrics import Metrics, route_of
from libs.web.request_log import RequestLog
from libs.web.tracing import Kind, Span, Spans

_log = structlog.get_logger("libs.web")


class Observer:
    """Counts and times each request, logs it when it failed or always when asked to, keeps its span when sampled."""

    def __init__(self, metrics: Metrics, *, access_log: bool, spans: Spans | None) -> None:
        self._metrics = metrics
        self._access_log = access_log
        self._log = RequestLog()
        self._spans = spans

    def observe(self, scope: Scope, identity: RequestContext, *, status: int, seconds: float) -> None:
        """Keep what is to be kept. An answer that never began has status 0."""
        self._metrics.observe(scope, status=status, seconds=seconds)
        if status >= 500:
            _record(_log.error, scope, status=status, seconds=seconds)
        elif self._access_log and not self._log.write(scope, identity, status=status, seconds=seconds):
            _record(_log.info, scope, status=status, seconds=seconds)
        if self._spans is not None and identity.sampled:
            self._spans.record(_span(scope, identity, status=status, seconds=seconds))


def _record(write: Callable[..., object], scope: Scope, *, status: int, seconds: float) -> None:
    write(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=status,
        milliseconds=round(seconds * 1000, 2),
    )


def _span(scope: Scope, identity: RequestContext, *, status: int, seconds: float) -> Span:
    """The server's side of the request, which has just ended. Its query is left out: it may hold what is nobody's."""
    ended = time.time_ns()
    method, route = scope["method"], route_of(scope)
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "url.scheme": scope["scheme"],
        "url.path": scope["path"],
        "request.id": identity.request_id,
    }
    if route:
        attributes["http.route"] = route
    if status:
        attributes["http.response.status_code"] = status
    return Span(
        name=f"{method} {route}" if route else method,
        kind=Kind.SERVER,
        trace_id=identity.trace_id,
        span_id=identity.span_id,
        parent_id=identity.parent_id,
        tracestate=identity.tracestate,
        began=ended - round(seconds * 1e9),
        ended=ended,
        attributes=attributes,
        failed=status >= 500 or not status,
    )
