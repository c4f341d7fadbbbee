"""Prometheus metrics of one application: how many requests, how long, by route and status."""

import functools
import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from starlette.types import Scope

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMATCHED = "unmatched"


@dataclass(slots=True)
class _Series:
    """The requests of one method, route and status, by the bucket that their time falls into."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    seconds: float = 0.0


class Metrics:
    """A registry of its own, so that two applications in one process do not mix.

    Requests are counted in plain lists: they end in one thread, and a counter and a histogram of the
    client library, each with its lock, take five times as long.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = _Requests()
        self.registry.register(self._requests)

    def observe(self, scope: Scope, *, status: int, seconds: float) -> None:
        """Count one request. A path without a route is one label, so that none can flood us."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        series = self._requests.series(method, route_of(scope) or _UNMATCHED, status)
        series.counts[bisect_left(_BOUNDS, seconds)] += 1
        series.seconds += seconds

    def text(self) -> bytes:
        """Everything counted so far, in Prometheus' text format."""
        return generate_latest(self.registry)


class _Requests(Collector):
    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int], _Series] = {}
        self.series = functools.cache(self._find)

    def _find(self, method: str, route: str, status: int) -> _Series:
        return self._found.setdefault((method, route, status), _Series())

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        requests = CounterMetricFamily("http_requests", "Requests answered.", labels=("method", "route", "status"))
        times: dict[tuple[str, str], list[_Series]] = {}
        for (method, route, status), series in self._found.items():
            requests.add_metric((method, route, str(status)), sum(series.counts))
            times.setdefault((method, route), []).append(series)
        yield requests
        seconds = HistogramMetricFamily(
            "http_request_seconds",
            "Time from the request's headers to the end of the answer.",
            labels=("method", "route"),
        )
        for labels, parts in times.items():
            seconds.add_metric(labels, _buckets(parts), sum(each.seconds for each in parts))
        yield seconds


def _buckets(parts: Sequence[_Series]) -> Sequence[tuple[str, float]]:
    """Upper bounds, each with how many took no longer."""
    names = [*map(floatToGoString, _BOUNDS), "+Inf"]
    return list(
        zip(names, itertools.accumulate(map(sum, zip(*(each.counts for each in parts), strict=True))), strict=True)
    )


def route_of(scope: Scope) -> str | None:
    """The template of the route that answered; None where there is no route."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else None
