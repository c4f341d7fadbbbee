"""An OpenTelemetry collector, and at other paths an HTTP server, on a real socket."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage


@dataclass(frozen=True, slots=True)
class Span:
    """An exported span.

    Attributes:
        service: `service.name` of its resource.
        text: all fields of the message, as text.
    """

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    tracestate: str
    failed: bool
    attributes: dict[str, object]
    text: str


@dataclass(slots=True)
class Collector:
    """The spans and requests that were received.

    Attributes:
        answers: statuses of the next exports; 200 when there are no more.
        hanging: while set, exports are not answered.
        export_headers: the headers of each export.
        resource: attributes of the latest resource.
        request_headers: the headers of each request that is no export.
    """

    address: str
    answers: list[int] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    export_headers: list[dict[str, str]] = field(default_factory=list)
    resource: dict[str, object] = field(default_factory=dict)
    request_headers: list[dict[str, str]] = field(default_factory=list)
    _spans: list[Span] = field(default_factory=list)

    def spans(self, count: int, *, within: float = 60.0) -> list[Span]:
        """Wait until so many spans have arrived, and return all."""
        end = time.monotonic() + within
        while len(self._spans) < count and time.monotonic() < end:
            time.sleep(0.02)
        return list(self._spans)

    def receive(self, body: bytes) -> None:
        """Read an export."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resource = _attributes(resource.resource.attributes)
            for scope in resource.scope_spans:
                self._spans.extend(_span(each, str(self.resource["service.name"])) for each in scope.spans)


def _span(message: SpanMessage, service: str) -> Span:
    return Span(
        service=service,
        name=message.name,
        kind=SpanMessage.SpanKind.Name(message.kind),
        trace_id=message.trace_id.hex(),
        span_id=message.span_id.hex(),
        parent_id=message.parent_span_id.hex(),
        tracestate=message.trace_state,
        failed=message.status.code == message.status.STATUS_CODE_ERROR,
        attributes=_attributes(message.attributes),
        text=str(message),
    )


def _attributes(found: object) -> dict[str, object]:
    pairs: list[KeyValue] = list(found)  # type: ignore[call-overload]  # a repeated field
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "string_value") for each in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            while collector.hanging.is_set():
                time.sleep(0.02)
            status = collector.answers.pop(0) if collector.answers else 200
            if status == 200 and self.path == "/v1/traces":
                collector.export_headers.append(self._headers())
                collector.receive(body)
            self._answer(status)

        def do_GET(self) -> None:
            collector.request_headers.append(self._headers())
            self._answer(200)

        def _headers(self) -> dict[str, str]:
            return {name.lower(): value for name, value in self.headers.items()}

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield collector
    finally:
        collector.hanging.clear()
        server.shutdown()
        thread.join()
        server.server_close()
