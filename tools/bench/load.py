"""A client that keeps a server busy over a few connections, on loopback, for a short time."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered in `seconds`, and how long each answer took (seconds)."""

    seconds: float
    latencies: Sequence[float]

    @property
    def requests(self) -> int:
        """The number of answers."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.requests / self.seconds

    @property
    def p99(self) -> float:
        """The time within which 99 of 100 answers came, in seconds."""
        return quantiles(self.latencies, n=100)[98]


class UnexpectedAnswer(Exception):
    """The server said something other than the same 200 each time."""


class _Asker(asyncio.Protocol):
    """Sends one request after the other. All answers must be as long as the first."""

    def __init__(self, request: bytes, latencies: list[float]) -> None:
        self._request = request
        self._latencies = latencies
        self._head = b""
        self._length = 0
        self._received = 0
        self._sent_at = 0.0
        self._stopping = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not derived from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        if not self._length and not self._learn(data):
            return
        self._received += len(data)
        if self._received >= self._length:
            self._latencies.append(time.perf_counter() - self._sent_at)
            self._ask()

    def _learn(self, data: bytes) -> bool:
        """Take the length of the first answer from its head, which may come apart from its body."""
        self._head += data
        head, end, _ = self._head.partition(b"\r\n\r\n")
        found = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200 ") or (end and not found):
            self._end(UnexpectedAnswer(self._head[:200].decode("latin-1")))
            return False
        if end and found:
            self._length = len(head) + len(end) + int(found[1])
            self._received = len(self._head) - len(data)
        return bool(self._length)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or UnexpectedAnswer("the connection was closed"))

    def stop(self) -> None:
        """Ask no more once the present answer has come."""
        self._stopping = True

    def _ask(self) -> None:
        if self._stopping:
            self._end(None)
            return
        self._received = 0
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)

    def _end(self, reason: Exception | None) -> None:
        if self.done.done():
            return
        if reason is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(reason)
        self._transport.close()


def load(address: tuple[str, int], request: bytes, *, seconds: float, connections: int = 16) -> Outcome:
    """Repeat `request` over each connection for `seconds`.

    Raises:
        UnexpectedAnswer: the server closed a connection or answered anything but 200.
    """
    return load_side_by_side(address, {"": [request] * connections}, seconds=seconds)[""]


def load_side_by_side(
    address: tuple[str, int], crowds: Mapping[str, Sequence[bytes]], *, seconds: float
) -> Mapping[str, Outcome]:
    """Repeat every request of every crowd, each over a connection of its own. Raises as `load` does."""
    return uvloop.run(_load(address, crowds, seconds=seconds))


async def _load(
    address: tuple[str, int], crowds: Mapping[str, Sequence[bytes]], *, seconds: float
) -> Mapping[str, Outcome]:
    latencies: dict[str, list[float]] = {name: [] for name in crowds}
    start = time.perf_counter()
    askers = await asyncio.gather(
        *(_open(address, request, latencies[name]) for name, requests in crowds.items() for request in requests)
    )
    await asyncio.sleep(seconds)
    for asker in askers:
        asker.stop()
    await asyncio.gather(*(asker.done for asker in askers))
    elapsed = time.perf_counter() - start
    return {name: Outcome(elapsed, found) for name, found in latencies.items()}


async def _open(address: tuple[str, int], request: bytes, latencies: list[float]) -> _Asker:
    _, asker = await asyncio.get_running_loop().create_connection(lambda: _Asker(request, latencies), *address)
    return asker
