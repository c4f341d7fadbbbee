"""A peer on loopback that fails in one way at a time."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

_RESET = struct.pack("ii", 1, 0)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _status(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {line}", *headers, "Content-Length: 0", "Connection: close", "", ""]).encode()


def _answer(response: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(response)


def _hang(connection: socket.socket) -> None:
    connection.recv(1)  # until the client closes


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def _huge(connection: socket.socket) -> None:
    connection.sendall(_HEAD + b"Content-Length: 1000000000\r\n\r\n")
    while True:
        connection.sendall(b" " * 65_536)


def _trickle(connection: socket.socket) -> None:
    connection.sendall(_HEAD + b"Content-Length: 100\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.1)


FAULTS: Mapping[str, Callable[[socket.socket], None]] = {
    "hangs": _hang,
    "resets": _reset,
    "500": _answer(_status("500 Internal Server Error")),
    "429": _answer(_status("429 Too Many Requests", "Retry-After: 60")),
    "garbage": _answer(b"\x16\x03\x01 no HTTP\r\n\r\n"),
    "other document": _answer(_HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"),
    "huge": _huge,
    "slow": _trickle,
}


class FailingPeer:
    """Accepts connections and fails in the way of `fault`."""

    def __init__(self) -> None:
        self.fault = "500"
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def run(self) -> None:
        """Accept connections until the peer is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on."""
        # close() alone would not wake accept().
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            FAULTS[self.fault](connection)


@contextmanager
def failing_peer() -> Iterator[FailingPeer]:
    """Run a peer until the context ends; then it refuses connections. A test may call `close` earlier."""
    peer = FailingPeer()
    threading.Thread(target=peer.run, daemon=True).start()
    try:
        yield peer
    finally:
        with suppress(OSError):
            peer.close()
