"""A collector of spans, and at other paths a peer, on a real socket; it can be slow, ill or silent."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Span = dict[str, Any]


@dataclass(slots=True)
class Collector:
    """What came.

    Attributes:
        answers: statuses of the next exports; 200 when there are no more.
        silent: while set, exports are not answered.
        peer_headers: the headers of each call that was no export.
    """

    address: str
    answers: list[int] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    services: set[str] = field(default_factory=set)
    peer_headers: list[dict[str, str]] = field(default_factory=list)
    _spans: list[Span] = field(default_factory=list)

    def spans(self, count: int, *, within: float = 60.0) -> list[Span]:
        """Wait until so many spans have come, and return all."""
        end = time.monotonic() + within
        while len(self._spans) < count and time.monotonic() < end:
            time.sleep(0.02)
        return list(self._spans)

    def take(self, document: Any) -> None:  # noqa: ANN401  # JSON
        """Take an export as the protocol describes it."""
        for resource in document["resourceSpans"]:
            for each in resource["resource"]["attributes"]:
                self.services.add(each["value"]["stringValue"])
            for scope in resource["scopeSpans"]:
                self._spans.extend(scope["spans"])


def attributes(span: Span) -> dict[str, str | int]:
    """The attributes of a span, integers as such."""
    return {
        each["key"]: int(value["intValue"]) if "intValue" in (value := each["value"]) else value["stringValue"]
        for each in span["attributes"]
    }


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            while collector.silent.is_set():
                time.sleep(0.02)
            status = collector.answers.pop(0) if collector.answers else 200
            if status == 200 and self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json":
                collector.take(json.loads(body))
            self._answer(status)

        def do_GET(self) -> None:
            collector.peer_headers.append({name.lower(): value for name, value in self.headers.items()})
            self._answer(200)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield collector
    finally:
        collector.silent.clear()
        server.shutdown()
        thread.join()
        server.server_close()
