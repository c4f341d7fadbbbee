"""A network that fails on purpose, between a client and a real registry, for tests."""

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

_BREAK = 0


@dataclass(kw_only=True)
class Fault:
    """What fails: the first `times` requests whose `METHOD /path` matches; by a status, or the connection breaks."""

    matching: str
    times: int
    status: int = _BREAK

    def strikes(self, request: str) -> bool:
        """Whether this request fails; counts down."""
        hit = self.times > 0 and re.search(self.matching, request) is not None
        self.times -= hit
        return hit


class _Network(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, registry: str, fault: Fault) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.registry = registry
        self.fault = fault
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    """Hands requests on to the registry, and answers back, unless the fault strikes."""

    def do_GET(self) -> None:
        """Hand on, or fail. All methods are alike."""
        network, length = cast("_Network", self.server), int(self.headers["Content-Length"] or 0)
        with network.lock:
            struck = network.fault.strikes(f"{self.command} {self.path}")
        if not struck:
            self._hand_on(network.registry, self.rfile.read(length))
        elif network.fault.status == _BREAK:
            # Half of what was to come is read, then the line is dead.
            self._hand_half_on(network.registry, length)
        else:
            self.send_error(network.fault.status)

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _hand_half_on(self, registry: str, length: int) -> None:
        connection = http.client.HTTPConnection(registry)
        connection.putrequest(self.command, self.path, skip_host=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders(self.rfile.read(length // 2))
        connection.close()
        self.connection.close()

    def _hand_on(self, registry: str, content: bytes) -> None:
        connection = http.client.HTTPConnection(registry)
        connection.request(self.command, self.path, content or None, dict(self.headers))
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.read())
        connection.close()


@contextmanager
def failing_network(registry: str, fault: Fault) -> Iterator[str]:
    """Yield an address that stands for a registry's, as long as the fault does not strike."""
    with _Network(registry, fault) as network:
        thread = threading.Thread(target=network.serve_forever)
        thread.start()
        yield f"localhost:{network.server_port}"
        network.shutdown()
        thread.join()
