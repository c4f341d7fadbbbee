"""A proxy with injected faults between a client and a real registry, for tests."""

import http.client
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

_BREAK = 0
_ALWAYS = 1_000_000


@dataclass(kw_only=True)
class Fault:
    """The first `times` requests whose `METHOD /path` matches fail, by a status and a body or by a broken line.

    `{path}` in a header is replaced by the path of the request, for redirects.
    """

    matching: str
    times: int = _ALWAYS
    status: int = _BREAK
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def strikes(self, request: str) -> bool:
        """Whether this request fails; counts down."""
        hit = self.times > 0 and re.search(self.matching, request) is not None
        self.times -= hit
        return hit


class _Network(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, registry: str, faults: Sequence[Fault]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.registry = registry
        self.faults = faults
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore closed connections: crane closes its other uploads when one has failed."""


class _Handler(BaseHTTPRequestHandler):
    """Forwards requests to the registry and returns its answers, unless a fault applies."""

    def do_GET(self) -> None:
        """Forward the request or fail. All methods are handled in the same way."""
        network, content = cast("_Network", self.server), self._content()
        with network.lock:
            fault = next((each for each in network.faults if each.strikes(f"{self.command} {self.path}")), None)
        if fault is None:
            self._hand_on(network.registry, content)
        elif fault.status == _BREAK:
            self.connection.close()
        else:
            self._fail(fault)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _content(self) -> bytes:
        """Read the body, in chunks where it comes in chunks (RFC 9112, section 7.1)."""
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _fail(self, fault: Fault) -> None:
        self.send_response(fault.status)
        for name, value in fault.headers.items():
            self.send_header(name, value.replace("{path}", self.path))
        self.send_header("Content-Length", str(len(fault.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(fault.body.encode())

    def _hand_on(self, registry: str, content: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name != "Transfer-Encoding"}
        with closing(http.client.HTTPConnection(registry)) as connection:
            connection.request(self.command, self.path, content, headers | {"Content-Length": str(len(content))})
            with connection.getresponse() as answer:
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.read())


@contextmanager
def failing_network(registry: str, *faults: Fault) -> Iterator[str]:
    """Yield the address of a proxy of the registry that injects the faults."""
    with _Network(registry, faults) as network:
        thread = threading.Thread(target=network.serve_forever, args=(0.01,))
        thread.start()
        # Otherwise a thread that still serves would keep a failed test from ending.
        try:
            yield f"localhost:{network.server_port}"
        finally:
            network.shutdown()
            thread.join()
