"""What is kept of every request: a count, and a line of log."""

from collections.abc import Callable

import structlog
from starlette.types import Scope

from libs.web.metrics import Metrics

_log = structlog.get_logger("libs.web")


class Observer:
    """Counts and times each request, and logs it when it failed, or always when asked to."""

    def __init__(self, metrics: Metrics, *, access_log: bool) -> None:
        self._metrics = metrics
        self._access_log = access_log

    def observe(self, scope: Scope, *, status: int, seconds: float) -> None:
        """Count and log a request. A response that never began has status 0."""
        self._metrics.observe(scope, status=status, seconds=seconds)
        if status >= 500:
            _record(_log.error, scope, status=status, seconds=seconds)
        elif self._access_log:
            _record(_log.info, scope, status=status, seconds=seconds)


def _record(write: Callable[..., object], scope: Scope, *, status: int, seconds: float) -> None:
    write(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=status,
        milliseconds=round(seconds * 1000, 2),
    )
