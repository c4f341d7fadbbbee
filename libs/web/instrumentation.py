"""Prometheus metrics and the log line of each request."""

import time

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.get_logger("libs.web")

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMATCHED = "unmatched"


class HttpMetrics:
    """The metrics that every service has, in the registry of its application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._requests = Counter(
            "http_requests", "Requests that were answered.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "http_request_seconds",
            "Time from the headers of the request to the end of its response.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._rejected = Counter(
            "http_rejected", "Requests that the server rejected before the application.", ("status",), registry=registry
        )

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def count_rejection(self, status: int) -> None:
        """Count a request that never reached the application."""
        self._rejected.labels(str(int(status))).inc()


class RequestInstrumentation:
    """Count and time each request; log it if it failed, or always with the access log."""

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics, access_log: bool) -> None:
        self.app = app
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_observed)
        finally:
            self._record(scope, status=status, seconds=time.perf_counter() - begin)

    def _record(self, scope: Scope, *, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.observe(method=method, route=route_of(scope) or _UNMATCHED, status=status, seconds=seconds)
        if self._access_log or status >= 500:
            write = _log.error if status >= 500 else _log.info
            milliseconds = round(seconds * 1000, 2)
            write("request", method=method, path=scope["path"], status=status, milliseconds=milliseconds)


def route_of(scope: Scope) -> str | None:
    """Return the path template of the route that matched; None where no route did."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else None
