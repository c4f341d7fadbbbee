"""The request in progress: its id, headers and disconnection, for logs, errors and calls to other services."""

import re
import secrets
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Final, Protocol

TIMEOUT_HEADER: Final = "X-Request-Timeout-Ms"
"""How long the sender of a request will wait for its response, in milliseconds."""

_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_ACCEPTED_TIMEOUT = re.compile(r"[0-9]{1,9}")


class Disconnect(Protocol):
    """Calls back when the client closes the connection before it has the response."""

    def add(self, callback: Callable[[], None]) -> None:
        """Register a callback."""

    def discard(self, callback: Callable[[], None]) -> None:
        """Remove a callback."""


class RequestContext:
    """A request in progress.

    Attributes:
        request_id: its id.
        is_over: whether the response is sent. Work that continues afterwards, such as a background task, has no
            deadline and no client that could disconnect.
    """

    def __init__(
        self, request_id: str, headers: Iterable[tuple[bytes, bytes]] = (), disconnect: Disconnect | None = None
    ) -> None:
        self.request_id = request_id
        self.is_over = False
        self._headers = headers
        self._disconnect = disconnect
        self._began = time.monotonic()

    def header(self, name: str) -> str | None:
        """Return the value of a header; None when it is absent or repeated."""
        wanted = name.lower().encode("ascii")
        values = [value for field, value in self._headers if field == wanted]
        return values[0].decode("latin-1") if len(values) == 1 else None

    def remaining_seconds(self) -> float | None:
        """Return the time until the client stops waiting; None when that is not known.

        A malformed header is ignored, as a malformed request id is.
        """
        timeout = None if self.is_over else self.header(TIMEOUT_HEADER)
        if timeout is None or not _ACCEPTED_TIMEOUT.fullmatch(timeout):
            return None
        return self._began + int(timeout) / 1000 - time.monotonic()

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` when the client disconnects, until `forget_disconnect`."""
        if self._disconnect is not None and not self.is_over:
            self._disconnect.add(callback)

    def forget_disconnect(self, callback: Callable[[], None]) -> None:
        """Remove a callback."""
        if self._disconnect is not None:
            self._disconnect.discard(callback)


_current: ContextVar[RequestContext | None] = ContextVar("request", default=None)


def current() -> RequestContext | None:
    """Return the request in progress; None outside of one."""
    return _current.get()


def request_id() -> str | None:
    """Return the id of the request in progress; None outside of one."""
    request = _current.get()
    return request.request_id if request is not None else None


def enter(headers: Iterable[tuple[bytes, bytes]], disconnect: Disconnect | None = None) -> RequestContext:
    """Begin a request and return it. Its id is the caller's where that is well-formed, else a new one."""
    received = next((value for name, value in headers if name == b"x-request-id"), None)
    accepted = received is not None and _ACCEPTED_ID.fullmatch(received)
    identifier = received.decode("ascii") if received and accepted else secrets.token_hex(16)
    request = RequestContext(identifier, headers, disconnect)
    _current.set(request)
    return request
