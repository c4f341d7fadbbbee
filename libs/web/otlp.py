"""Spans on their way to a collector: OTLP over HTTP, in its JSON encoding.

https://opentelemetry.io/docs/specs/otlp/#otlphttp. A thread of its own sends, so a collector that is
slow, down or wrong costs no request anything: what the queue cannot hold is dropped and counted.
"""

import json
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import structlog

from libs.web.errors import StartupError
from libs.web.tracing import Span

_log = structlog.get_logger("libs.web")

_PERIOD_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 30.0
_ANSWER_SECONDS = 5.0
_BATCH = 256
_QUEUE = 4096
_RETRYABLE = (429, 502, 503, 504)
_PATH = "/v1/traces"
_UNSET, _ERROR = 0, 2
_SAMPLED = 1


class BadEndpoint(StartupError):
    """A text that is no collector's address."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"spans go to http://HOST:PORT or https://HOST:PORT, not to {endpoint!r}")
        self.endpoint = endpoint


class _Undelivered(Exception):
    """The collector may take the batch another time."""


class OtlpExporter:
    """Delivers spans of one service to one collector, in batches."""

    def __init__(self, endpoint: str, *, service: str) -> None:
        """`endpoint` is the collector's base address; `BadEndpoint` for anything else."""
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadEndpoint(endpoint)
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._address = parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/") + _PATH
        self._service = service
        self._queue: deque[Span] = deque()
        self._dropped = 0
        self._pause = _PERIOD_SECONDS
        self._closing = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="spans", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def record(self, span: Span) -> None:
        """See `Spans`."""
        if len(self._queue) >= _QUEUE:
            self._dropped += 1
            return
        self._queue.append(span)
        if len(self._queue) == _BATCH:
            self._wake.set()

    @property
    def waiting(self) -> int:
        """How many spans the collector does not have yet."""
        return len(self._queue)

    def close(self, within: float) -> None:
        """Deliver what there is, in this many seconds at most."""
        self._closing = True
        self._wake.set()
        self._thread.join(within)
        if self._queue:
            _log.warning("spans were not delivered", lost=len(self._queue))

    def _work(self) -> None:
        while not self._closing:
            self._wake.wait(self._pause)
            self._wake.clear()
            self._deliver()
        self._deliver()

    def _deliver(self) -> None:
        while self._queue:
            # They stay in the queue until the collector has them.
            batch = [self._queue[place] for place in range(min(_BATCH, len(self._queue)))]
            try:
                self._send(encode(batch, self._service))
            except (OSError, HTTPException, _Undelivered) as error:
                self._failed(error)
                return
            self._succeeded(len(batch))

    def _send(self, body: bytes) -> None:
        with closing(self._connect(self._address, timeout=_ANSWER_SECONDS)) as connection:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        if status in _RETRYABLE:
            raise _Undelivered(f"status {status}")
        if status >= 300:
            # It would refuse them again.
            _log.warning("the collector refuses spans", status=status)

    def _failed(self, error: Exception) -> None:
        if self._pause == _PERIOD_SECONDS:
            _log.warning("the collector cannot be reached", reason=str(error) or type(error).__name__)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def _succeeded(self, count: int) -> None:
        for _ in range(count):
            self._queue.popleft()
        if self._pause > _PERIOD_SECONDS:
            _log.info("the collector is back", dropped=self._dropped)
            self._dropped = 0
        self._pause = _PERIOD_SECONDS


def encode(spans: Sequence[Span], service: str) -> bytes:
    """An ExportTraceServiceRequest: ids in hexadecimal, 64-bit integers as text, enumerations as numbers."""
    resource = {"attributes": [_attribute("service.name", service)]}
    found = {"scope": {"name": "libs.web"}, "spans": [_span(each) for each in spans]}
    document = {"resourceSpans": [{"resource": resource, "scopeSpans": [found]}]}
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def _span(span: Span) -> dict[str, object]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id or "",
        "traceState": span.tracestate,
        "flags": _SAMPLED,
        "name": span.name,
        "kind": int(span.kind),
        "startTimeUnixNano": str(span.began),
        "endTimeUnixNano": str(span.ended),
        "attributes": [_attribute(name, value) for name, value in span.attributes.items()],
        "status": {"code": _ERROR if span.failed else _UNSET},
    }


def _attribute(name: str, value: str | int) -> dict[str, object]:
    return {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
