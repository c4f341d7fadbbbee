"""A server that stops without losing a request.

On SIGTERM the service says that it is not ready, and goes on answering for a grace period, each
answer with `Connection: close`, so that balancers and clients move away. Then it lets nobody begin
to connect, takes in those who had begun, answers every request that has come, and ends with
success. SIGINT (Ctrl-C) leaves out the grace period. A second signal of either kind ends the
process at once.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import struct
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import NoReturn

import structlog
import uvicorn

from libs.web.lifecycle import Lifecycle
from libs.web.memory import settle

_log = structlog.get_logger("libs.web")

# From asm-generic/socket.h of Linux.
_SO_ATTACH_FILTER = 26
# A packet that asks for a connection, which has SYN and no ACK in byte 13 of its header (RFC 9293, 3.1), is dropped;
# the instructions are those of linux/filter.h.
_ONLY_CONNECTED = (
    (0x30, 0, 0, 13),  # load the flags
    (0x54, 0, 0, 0x12),  # of them SYN and ACK
    (0x15, 0, 1, 0x02),  # skip the next unless it is SYN alone
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)
# For the last of three packets of a connection that has begun.
_HANDSHAKE_SECONDS = 0.1


class DrainingServer(uvicorn.Server):
    """uvicorn with our answer to signals. `grace_seconds` follow a SIGTERM; see the module."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, *, grace_seconds: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._grace_seconds = grace_seconds

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals inside the loop, and do not raise them again: stopping is success."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop, self._grace_seconds)
        loop.add_signal_handler(signal.SIGINT, self._stop, 0.0)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, with no more memory than it takes."""
        await super().startup(sockets)
        settle()

    def _stop(self, grace_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # From here on outside the loop, which a handler that never yields would hold up.
            loop.remove_signal_handler(number)
            signal.signal(number, _end)
        self._lifecycle.draining = True
        seconds = grace_seconds if self.started else 0.0
        _log.info("stopping", grace_seconds=seconds)
        loop.call_later(seconds, setattr, self, "should_exit", True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take in what clients believe to be connected, then close, finish and end."""
        for listener in sockets or ():
            _turn_away(listener)
        await asyncio.sleep(_HANDSHAKE_SECONDS)
        waiting = [each for listener in sockets or () for each in _accept_rest(listener)]
        # Closing a listener resets what it has not accepted: nothing may come between these two.
        for server in self.servers:
            server.close()
        await self._adopt(waiting)
        await super().shutdown(sockets)

    async def _adopt(self, connections: Sequence[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for connection in connections:
            connection.setblocking(False)
            await loop.connect_accepted_socket(self._connection, connection, ssl=self.config.ssl)

    def _connection(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


def _end(number: int, _: FrameType | None) -> NoReturn:
    # The first process of a container cannot die of a signal that it sends to itself.
    os._exit(128 + number)


def _turn_away(listener: socket.socket) -> None:
    """Drop requests for a connection, which are repeated after a second and refused then.

    Closing would reset those who got theirs a moment before. Systems without such filters have that moment.
    """
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _ONLY_CONNECTED))
    described = struct.pack("HP", len(_ONLY_CONNECTED), ctypes.addressof(program))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)


def _accept_rest(listener: socket.socket) -> Iterator[socket.socket]:
    # EAGAIN: nobody waits any more. EMFILE: nobody more can be helped.
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            yield connection
