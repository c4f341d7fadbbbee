"""A peer on a real socket that fails in every way that tests need. The path of a request selects how."""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Writer = asyncio.StreamWriter
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_RESET = struct.pack("ii", 1, 0)


def status(line: str, *headers: str) -> bytes:
    """Return a response without a body."""
    return "\r\n".join([f"HTTP/1.1 {line}", *headers, "Content-Length: 0", "", ""]).encode()


ANSWERS = {
    "/ok": OK,
    "/500": status("500 Internal Server Error"),
    "/502": status("502 Bad Gateway"),
    "/503": status("503 Service Unavailable"),
    "/503-now": status("503 Service Unavailable", "Retry-After: 0"),
    "/503-later": status("503 Service Unavailable", "Retry-After: 120"),
    "/429": status("429 Too Many Requests"),
    "/429-now": status("429 Too Many Requests", "Retry-After: 0"),
    "/429-later": status("429 Too Many Requests", "Retry-After: 120"),
    "/401": status("401 Unauthorized"),
    "/302": status("302 Found", "Location: /ok"),
    "/304": status("304 Not Modified"),
    "/cookie": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n",
    "/gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "/no-json": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n<no>",
    "/garbage": b"\x16\x03\x01 this is not HTTP\r\n\r\n",
    "/bad-length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "/large-head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
}
# After these the connection cannot be used.
_CLOSED = frozenset({"/garbage", "/bad-length", "/large-head"})


@dataclass
class FakePeer:
    """A running peer.

    Attributes:
        requests: the paths of the requests, and how often each came.
        headers: the headers of the last request of each path.
        abandoned: paths whose client closed the connection while the peer was to answer.
        hanging: set when a request came that has no immediate answer.
        override: answers of paths, instead of `ANSWERS`.
    """

    port: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    abandoned: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    override: dict[str, Callable[[], bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """Serve one connection."""
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # asyncio's streams log a handler that ends by cancellation.
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: Writer) -> bool:
        """Answer one request; return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split()[1]
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests[path] += 1
        self.headers[path] = headers
        if path in self.override or path in ANSWERS:
            writer.write(self.override[path]() if path in self.override else ANSWERS[path])
            await writer.drain()
            return path not in _CLOSED
        self.hanging.set()
        sending = asyncio.ensure_future(_SLOW[path](writer))
        leaving = asyncio.ensure_future(reader.read())
        await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            self.abandoned.put_nowait(path)
        for task in (sending, leaving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task
        return False


async def _hang(_: Writer) -> None:
    await asyncio.sleep(60)


async def _close(_: Writer) -> None:
    """Close without a response."""


async def _reset(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


async def _end_early(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()


async def _trickle(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(100):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def _slow(writer: Writer) -> None:
    await asyncio.sleep(10)
    writer.write(OK)
    await writer.drain()


async def _endless(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        await writer.drain()


async def _huge(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


_SLOW: dict[str, Callable[[Writer], Awaitable[None]]] = {
    "/hang": _hang,
    "/close": _close,
    "/reset": _reset,
    "/end-early": _end_early,
    "/trickle": _trickle,
    "/slow": _slow,
    "/endless": _endless,
    "/huge": _huge,
}


@asynccontextmanager
async def fake_peer() -> AsyncIterator[FakePeer]:
    """Run a peer on a free port of loopback."""
    peer = FakePeer()
    tasks: set[asyncio.Task[None]] = set()
    writers: set[Writer] = set()

    # Not a coroutine: a task that is cancelled before its first step would leave its connection open.
    def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.create_task(peer.serve(reader, writer))
        tasks.add(task)
        writers.add(writer)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()  # discards unsent data, which no client reads any more
        await asyncio.sleep(0)  # aborted transports close in the next step of the loop


def closed_port() -> int:
    """Return a port that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@asynccontextmanager
async def full_listener() -> AsyncIterator[str]:
    """Yield the URL of a listener whose queue is full: Linux drops the packets of further connections."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = opened.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
