"""uvicorn's HTTP protocol with deadlines and limits on what a client may send.

uvicorn waits without a limit for the rest of a head or a body, and accepts any number of headers. This subclass answers
such clients with a problem document and closes the connection. Malformed framing (RFC 9112, sections 2.2, 5.2 and 6) is
rejected by the parser, llhttp in httptools. Only attributes and methods without a leading underscore are used. They are
still no documented interface, so versions other than those of `SUPPORTED` are refused.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NoReturn

import httptools
import uvicorn
from packaging.specifiers import SpecifierSet
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from libs.web import rejections
from libs.web.errors import UnsupportedServerVersion
from libs.web.rejections import Rejection
from libs.web.server_policy import ServerPolicy

SUPPORTED: Final = {"uvicorn": ">=0.53,<0.55", "httptools": ">=0.8,<0.10"}
"""Versions that the tests of this module pass with."""

_VERSIONS: Final = frozenset(("1.1", "1.0"))
_STALL_SECONDS: Final = 1.0


def check_versions() -> None:
    """Raise UnsupportedServerVersion unless the tests cover the installed server and parser."""
    installed = {"uvicorn": uvicorn.__version__, "httptools": httptools.__version__}
    for name, supported in SUPPORTED.items():
        if installed[name] not in SpecifierSet(supported):
            raise UnsupportedServerVersion(name, installed[name], supported)


def protocol_class(policy: ServerPolicy, *, on_rejection: Callable[[HTTPStatus], None]) -> type[asyncio.Protocol]:
    """Return the protocol for `uvicorn.Config(http=...)`. `on_rejection` is called with each rejection's status.

    Raises:
        UnsupportedServerVersion: it was not tested with the installed server.
    """
    check_versions()
    members = {
        "policy": policy,
        "capacity": policy.affordable_connections(),
        "on_rejection": staticmethod(on_rejection),
    }
    return type("ConfiguredHttpProtocol", (HardenedHttpProtocol,), members)


class _Rejected(Exception):
    """Raised in a callback of the parser to stop it; uvicorn then calls `send_400_response`."""


class HardenedHttpProtocol(HttpToolsProtocol):
    """One connection. `protocol_class` sets the class attributes."""

    policy: ServerPolicy
    capacity: int
    on_rejection: Callable[[HTTPStatus], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # uvicorn's own
        super().__init__(*args, **kwargs)
        # No WebSocket: an upgrade is answered as the plain request that it also is.
        self.ws_protocol_class = None
        self._rejection: Rejection | None = None
        self._is_closing = False  # a rejection was sent, and all further input is ignored
        self._is_reading_head = False
        self._is_reading_body = False
        self._is_leaving = False  # the server stops
        self._unparsed = 0  # bytes that the parser was fed since it last completed something
        self._has_progressed = False
        self._window_bytes = 0  # bytes of the body in the present window
        self._read_deadline: asyncio.TimerHandle | None = None
        self._send_deadline: asyncio.TimerHandle | None = None

    # The transport calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, or reject it where too many are open."""
        super().connection_made(transport)
        if len(self.connections) > self.capacity:
            self.on_rejection(rejections.OVERLOADED.status)
            self._is_closing = True
            transport.write(rejections.OVERLOADED.message(self.server_state.default_headers))
            # Close without lingering: file descriptors are scarce.
            transport.close()
        else:
            self._expect(self.policy.header_seconds, self._idle_is_over)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadlines."""
        self._expect_nothing()
        self.resume_writing()
        self._cancel_send_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and limit what it keeps: an unfinished head, trailers, a chunk's extension."""
        if self._is_closing:
            return
        self._has_progressed = False
        self._unparsed += len(data)
        super().data_received(data)
        if self._read_deadline is None and not self._is_answering:
            # Nothing else ends the wait: uvicorn's own timer for idle connections ended with this data.
            self._expect(self.policy.header_seconds, self._idle_is_over)
        if self._has_progressed:
            self._unparsed = 0
        elif self._unparsed > self.policy.head_bytes and not self._is_closing:
            self._reject(rejections.head_too_large(self.policy.head_bytes))

    def pause_writing(self) -> None:
        """Begin to wait for a client that reads nothing."""
        super().pause_writing()
        if self._send_deadline is None:
            self._send_deadline = self.loop.call_later(self.policy.send_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue, since the client has read something."""
        if not self.transport.is_closing():
            self._cancel_send_deadline()
        if self.flow is not None:
            super().resume_writing()

    def _cancel_send_deadline(self) -> None:
        if self._send_deadline is not None:
            self._send_deadline.cancel()
            self._send_deadline = None

    def on_response_complete(self) -> None:
        """End a response."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._close()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        self._close()

    def _close(self) -> None:
        # `close` waits until the client has read the rest. A small rest has not paused writing and has no deadline yet.
        self.transport.close()
        if self._send_deadline is None and self.transport.get_write_buffer_size():
            self._send_deadline = self.loop.call_later(self.policy.send_seconds, self.transport.abort)

    # The parser calls.

    def on_message_begin(self) -> None:
        """Begin a request, whose head has a deadline."""
        super().on_message_begin()
        self._is_reading_head = True
        self._expect(self.policy.header_seconds, self._head_is_late)

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target (RFC 9112, section 3: 414 for one that is too long)."""
        super().on_url(url)
        if len(self.url) > self.policy.target_bytes:
            self._stop(rejections.target_too_long(self.policy.target_bytes))

    def on_headers_complete(self) -> None:
        """Check the head, then start the application."""
        self._check_head()
        self._has_progressed = True
        # uvicorn may refuse the target. Until this returns, `cycle` is the one of the previous request.
        super().on_headers_complete()
        self._is_reading_head, self._is_reading_body = False, True
        self._window_bytes = 0
        self._expect(self.policy.body_seconds, self._body_window_is_over)
        # The scope has this list. Trailers go into another one: they are no headers (RFC 9110, section 6.5.1).
        fields, self.headers = self.headers, []
        # With `Expect`, a client may leave out the body after an early response (RFC 9110, section 10.1.1).
        if self._is_leaving or self.expect_100_continue or any(name == b"upgrade" for name, _ in fields):
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._has_progressed = True
        self._window_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        self._has_progressed = True
        self._is_reading_body = False
        self._expect_nothing()
        super().on_message_complete()
        if self.parser.should_upgrade():
            # The following bytes are of another protocol, which is not served.
            self._is_closing = True

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's own
        """Answer a request that the parser or one of our checks rejects."""
        self._reject(self._rejection or rejections.MALFORMED)

    # Checks of a head.

    def _check_head(self) -> None:
        if len(self.pipeline) >= self.policy.pipelined_requests:
            self._stop(rejections.MALFORMED)
        if len(self.headers) > self.policy.header_count:
            self._stop(rejections.too_many_headers(self.policy.header_count))
        # Each field line has a colon, a space and CRLF besides its name and value.
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.policy.head_bytes:
            self._stop(rejections.head_too_large(self.policy.head_bytes))
        # RFC 9112, sections 2.3 and 2.5; HTTP/0.9 has no header and HTTP/2 another syntax.
        version = self.parser.get_http_version()
        if version not in _VERSIONS:
            self._stop(rejections.OTHER_VERSION)
        if not self.url.startswith(b"/"):
            self._check_absolute_target()
        # RFC 9112, section 6.1: no coding in HTTP/1.0, and 501 for one that is not decoded.
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings and version == "1.0":
            self._stop(rejections.MALFORMED)
        if codings not in ([], [b"chunked"]):
            self._stop(rejections.UNKNOWN_CODING)

    def _check_absolute_target(self) -> None:
        """RFC 9112, section 3.2.2, but stricter: where target and Host differ, the request is rejected."""
        target = httptools.parse_url(self.url)
        name = target.host or b""
        authority = name if target.port is None else b"%s:%d" % (name, target.port)
        if [authority.lower()] != [value.lower() for field, value in self.headers if field == b"host"]:
            self._stop(rejections.NOT_ONE_HOST)

    def _stop(self, rejection: Rejection) -> NoReturn:
        self._rejection = rejection
        raise _Rejected

    # Rejections.

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not (self.cycle.response_complete or self.cycle.disconnected)

    def _reject(self, rejection: Rejection) -> None:
        """Answer in place of the application, after the responses before it, and close the connection."""
        self.on_rejection(rejection.status)
        self._is_closing = True
        self._expect(self.policy.linger_seconds, self._linger_is_over)
        is_for_current = self._is_reading_body
        if is_for_current and self.cycle.response_started:
            self.transport.close()
        elif is_for_current and self.pipeline:
            # The request waits behind others: the rejection takes the place of the application.
            self.cycle.keep_alive = False
            self.pipeline[0] = (self.cycle, rejection.application)  # type: ignore[assignment]  # types of Starlette
        elif is_for_current:
            # To the application, the client has disconnected.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._answer(rejection)
        elif self._is_answering:
            # The requests before this one are answered; the client repeats this one (RFC 9112, section 9.6).
            self.cycle.keep_alive = False
        else:
            self._answer(rejection)

    def _answer(self, rejection: Rejection) -> None:
        """Send the answer and close our direction only.

        A full close with unread input sends a reset, which can discard the answer (RFC 9112, section 9.6).
        """
        self.transport.write(rejection.message(self.server_state.default_headers))
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    # Deadlines.

    def _expect(self, seconds: float, on_expiry: Callable[[], None]) -> None:
        """Set the read deadline in place of the one before."""
        self._expect_nothing()
        due = self.loop.time() + seconds

        def expire() -> None:
            self._read_deadline = None
            if self.loop.time() - due > _STALL_SECONDS:
                # The process was suspended: first read what the client has sent meanwhile.
                self._expect(_STALL_SECONDS, on_expiry)
            elif not self.transport.is_closing():
                on_expiry()

        self._read_deadline = self.loop.call_later(seconds, expire)

    def _expect_nothing(self) -> None:
        if self._read_deadline is not None:
            self._read_deadline.cancel()
            self._read_deadline = None

    def _idle_is_over(self) -> None:
        # An idle connection may be closed without a response (RFC 9112, section 9.5).
        self._close()

    def _head_is_late(self) -> None:
        self._reject(rejections.HEADERS_LATE)

    def _body_window_is_over(self) -> None:
        if self.cycle.response_complete:
            self._close()
        elif self.flow.read_paused or self._window_bytes >= self.policy.body_window_bytes:
            self._window_bytes = 0
            self._expect(self.policy.body_seconds, self._body_window_is_over)
        else:
            self._reject(rejections.BODY_LATE)

    def _linger_is_over(self) -> None:
        if self._is_answering:
            self._expect(self.policy.linger_seconds, self._linger_is_over)
        else:
            self.transport.abort()

    # The server calls.

    def shutdown(self) -> None:
        """Close after the current response; without one, after `parting_seconds` unless a request has begun."""
        self._is_leaving = True
        if self._is_answering:
            super().shutdown()
        else:
            self.loop.call_later(self.policy.parting_seconds, self._part)

    def _part(self) -> None:
        if not self._is_answering and not self._is_reading_head:
            self._close()
