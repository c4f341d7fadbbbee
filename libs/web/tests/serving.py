"""A server with its policy on a real socket and loop, and a client that sends exactly the given bytes."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from libs.web.host_policy import ForwardedHeadersMiddleware, HostMiddleware
from libs.web.http_protocol import protocol_class
from libs.web.server_policy import ServerPolicy

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def protected(app: ASGIApp, *, hosts: Sequence[str] = (), proxies: Sequence[str] = ()) -> ASGIApp:
    """Put the middleware around `app` that checks Host and forwarding headers."""
    return ForwardedHeadersMiddleware(HostMiddleware(app, allowed_hosts=hosts), trusted_proxies=proxies)


def _ignore(_: HTTPStatus) -> None:
    """Do nothing with a rejection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, parsed just enough."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  # whatever the document holds
        """The body's document."""
        return json.loads(self.body)


class Client:
    """One connection to a server."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=60)
        self._read = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send these bytes."""
        self.socket.sendall(data)

    def answer(self, *, to_head: bool = False) -> Answer:
        """Read the next response."""
        status = int(self._read.readline().split()[1])
        headers = dict(self._fields())
        if to_head:
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(self._chunks()))
        return Answer(status, headers, self._read.read(int(headers.get("content-length", 0))))

    def _fields(self) -> Iterator[tuple[str, str]]:
        while line := self._read.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            yield name.lower(), value.strip()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._read.readline(), 16):
            yield self._read.read(size)
            self._read.readline()
        self._read.readline()

    def ask(self, data: bytes) -> Answer:
        """Send, and read one response."""
        self.send(data)
        return self.answer()

    def rest(self) -> bytes:
        """Read until the server closes the connection."""
        with contextlib.suppress(ConnectionResetError):
            return self._read.read()
        return b""

    def is_closed(self, within: float = 60.0) -> bool:
        """Tell whether the server closes the connection, sending nothing more, in that time."""
        self.socket.settimeout(within)
        try:
            return self._read.read(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        """Hang up."""
        self._read.close()
        self.socket.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A server that accepts connections."""

    address: tuple[str, int]
    state: ServerState
    loop: asyncio.AbstractEventLoop

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """A connection to it."""
        client = Client(self.address)
        try:
            yield client
        finally:
            client.close()

    def ask(self, data: bytes) -> Answer:
        """Send this on a new connection and read one response."""
        with self.client() as client:
            return client.ask(data)

    def shut_down_connections(self) -> None:
        """Ask each connection to end, as uvicorn does when it stops."""

        async def shut_down() -> None:
            for connection in tuple(self.state.connections):
                connection.shutdown()

        asyncio.run_coroutine_threadsafe(shut_down(), self.loop).result(timeout=60)

    def comes_to(self, connections: int, within: float = 60.0) -> bool:
        """Tell whether so many connections are open at some moment of that time."""
        end = time.monotonic() + within
        while len(self.state.connections) != connections and time.monotonic() < end:
            time.sleep(0.01)
        return len(self.state.connections) == connections


@contextlib.contextmanager
def serving(
    app: ASGIApp,
    policy: ServerPolicy | None = None,
    *,
    idle_seconds: float = 120,
    on_rejection: Callable[[HTTPStatus], None] = _ignore,
) -> Iterator[Running]:
    """Serve `app` by the hardened protocol on a free port of loopback, in a thread with its uvloop."""
    protocol = protocol_class(policy or ServerPolicy(), on_rejection=on_rejection)
    config = uvicorn.Config(app, http=protocol, log_config=None, proxy_headers=False)
    config.timeout_keep_alive = idle_seconds  # type: ignore[assignment]  # seconds, which tests set below one
    config.load()
    state = ServerState()
    loop = uvloop.new_event_loop()

    def connection() -> asyncio.Protocol:
        return config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=state, app_state={}, _loop=loop
        )

    listener = socket.create_server(("127.0.0.1", 0))
    server = loop.run_until_complete(loop.create_server(connection, sock=listener))
    faults: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: faults.append(context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield Running(listener.getsockname(), state, loop)
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, state), loop).result(timeout=60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert not faults, "the protocol must not raise into the loop"


async def _close(server: asyncio.AbstractServer, state: ServerState) -> None:
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()
    for task in list(state.tasks):
        task.cancel()
    await asyncio.sleep(0.05)
