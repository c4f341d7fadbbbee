"""The disconnection of a client while its request is in progress.

uvicorn reports it by the message `http.disconnect`, and FastAPI continues the handler. It is not cancelled here either:
a cancelled SQL statement costs its database connection, so clients could exhaust the pool by disconnecting. Operations
that should be cancelled, such as calls to other services, register a callback.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from starlette.types import Message, Receive

_DISCONNECT: Final = "http.disconnect"


class DisconnectWatch:
    """ASGI's `receive` for an application, and callbacks for the disconnection. Satisfies `context.Disconnect`.

    The client is watched from the first callback on, once the application has received the whole body.
    """

    def __init__(self, receive: Receive, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._receive = receive
        self._callbacks: set[Callable[[], None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._is_body_complete = not _has_body(headers)
        self._is_body_received = False

    async def receive(self) -> Message:
        """ASGI's `receive`."""
        if self._task is None:
            message = await self._receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                self._is_body_complete = self._is_body_received = True
            return message
        if not self._is_body_received:
            # The watch has received this message of a request without a body.
            self._is_body_received = True
            return {"type": "http.request", "body": b"", "more_body": False}
        # The application may be cancelled while it waits; the watch continues.
        await asyncio.shield(self._task)
        return {"type": _DISCONNECT}

    def add(self, callback: Callable[[], None]) -> None:
        """Call `callback` once when the client disconnects; at once if it has."""
        self._callbacks.add(callback)
        if self._task is None and self._is_body_complete:
            self._task = asyncio.create_task(self._watch())
        elif self._task is not None and self._task.done():
            self._call_back()

    def discard(self, callback: Callable[[], None]) -> None:
        """Remove a callback."""
        self._callbacks.discard(callback)

    def close(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != _DISCONNECT:
            pass
        self._call_back()

    def _call_back(self) -> None:
        callbacks, self._callbacks = self._callbacks, set()
        for callback in callbacks:
            callback()


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether the request has a body (RFC 9112, section 6.3)."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0") for name, value in headers
    )
