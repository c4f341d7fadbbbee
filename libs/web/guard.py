"""The protocol of the shipped server: uvicorn's, with limits on what a client may do.

uvicorn trusts a client to send its headers and body soon, to send few of them, and to name the host it wants. This
subclass does not. Malformed framing (RFC 9112 §2.2, §5.2, §6: bare LF, NUL, folded lines, two lengths, a length
beside a transfer coding) is refused by the parser, llhttp in httptools; what the parser lets through is refused here.
Answers are problem documents, and then the connection is closed: nobody knows where the next request begins.

Private parts of uvicorn are touched in this file only, and it was written and tested against one version of uvicorn
and of its parser: on any other the server refuses to start.
"""

import asyncio
import enum
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, NoReturn

import httptools
import uvicorn
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from libs.web import rejections
from libs.web.errors import UnknownServerVersion
from libs.web.exchange import COMMON_HEADERS
from libs.web.heads import Heads
from libs.web.lifecycle import Lifecycle
from libs.web.limits import Limits
from libs.web.peers import FORWARDING_FIELDS, PROBED_PATHS, Hosts, Proxies
from libs.web.rejections import Rejection
from libs.web.sweep import Sweep

KNOWN_VERSIONS: Final = {"uvicorn": "0.54.0", "httptools": "0.9.0"}

_VERSIONS: Final = frozenset(("1.1", "1.0"))
_HEADS: Final = Heads([*COMMON_HEADERS, (b"content-type", b"application/json")])


def check_versions() -> None:
    """Raise UnknownServerVersion unless the server and its parser are the ones known here."""
    installed = {"uvicorn": uvicorn.__version__, "httptools": httptools.__version__}
    for name, known in KNOWN_VERSIONS.items():
        if installed[name] != known:
            raise UnknownServerVersion(name, installed[name], known)


def _ignore(_: HTTPStatus) -> None:
    """Tell nobody of a rejection."""


@dataclass(slots=True, kw_only=True)
class Gate:
    """What all connections of one server share. `on_rejection` hears of each rejection's status."""

    limits: Limits
    hosts: Hosts
    proxies: Proxies
    lifecycle: Lifecycle
    on_rejection: Callable[[HTTPStatus], None] = _ignore

    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol class of a server with this gate, for `uvicorn.Config(http=...)`.

        Raises:
            UnknownServerVersion: it is not the server this was written for.
        """
        check_versions()
        members = {
            "gate": self,
            "limits": self.limits,
            "sweeper": Sweep(self.limits.sweep_seconds),
            "capacity": self.limits.affordable_connections(),
        }
        return type("GatedProtocol", (GuardedProtocol,), members)


class Reading(enum.Enum):
    """Where in a client's stream of bytes we are."""

    BETWEEN = enum.auto()  # before the first request, or after the end of one
    HEAD = enum.auto()
    BODY = enum.auto()
    NOTHING = enum.auto()  # the connection was given up; what still comes is thrown away


# Looked up once: at each request a member's look-up in its enumeration would be felt.
_BETWEEN, _HEAD, _BODY, _NOTHING = Reading


class _Cycle(RequestResponseCycle):
    """One request and its answer, whose head is joined by us where it is one of the usual kind."""

    async def send(self, message: ASGISendEvent) -> None:
        """ASGI's `send`."""
        if self.response_started or not self.keep_alive or message["type"] != "http.response.start":
            await super().send(message)
            return
        head = _HEADS.render(message["status"], message["headers"], server=self.default_headers)
        if head is None or self.flow.write_paused or self.disconnected:
            await super().send(message)
            return
        self.response_started = True
        self.waiting_for_100_continue = False
        self.chunked_encoding = False
        self.expected_content_length = head.length
        self.transport.write(head.octets)


class _Rejected(Exception):  # stops the parser, is never seen outside
    """Leaves the parser from inside one of its callbacks."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. Its class is made by `Gate.protocol`."""

    gate: Gate
    limits: Limits
    sweeper: Sweep
    capacity: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # uvicorn's own
        super().__init__(*args, **kwargs)
        # No WebSocket here: an upgrade is answered as the plain request it also is.
        self.ws_protocol_class = None
        self._reading = _BETWEEN
        self._since = 0.0  # the sweeper's time at which the present phase began
        self._unsent = 0.0  # seconds for which the client took nothing
        self._headway = 0  # grows whenever the parser gets on
        self._received = 0  # bytes it is being fed
        self._held = 0  # bytes it was fed before without getting on
        self._body_bytes = 0
        self._rejection: Rejection | None = None
        self._behind_proxy = False
        self._leaving = False

    # The transport calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or turn it away where too many are open."""
        super().connection_made(transport)
        self._behind_proxy = self.gate.proxies.include(self.client)
        self._since = self.sweeper.now
        self.sweeper.watch(self)
        if len(self.connections) > self.capacity:
            self._answer(rejections.OVERLOADED)
            self._reading = _NOTHING
            # No lingering: descriptors are what there is too little of.
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.sweeper.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless the connection was given up."""
        if self._reading is _NOTHING:
            return
        headway = self._headway
        self._received = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # The request was taken as it is, and what follows it never will be.
            self._reading = _NOTHING
        except httptools.HttpParserError:
            self._reject(self._rejection or rejections.MALFORMED)
        else:
            if headway == self._headway:
                self._hold(self._held + self._received)
            else:
                # At least a byte of a next head is held; how many more, nobody knows.
                self._held = 1 if self._reading is _HEAD else 0

    def _hold(self, octets: int) -> None:
        """Bound what the parser holds back: an unfinished head, trailers, a chunk's extension."""
        self._held = octets
        if octets > self.limits.head_bytes:
            self._reject(rejections.head_too_large(self.limits.head_bytes))

    # The parser calls.

    def on_url(self, url: bytes) -> None:
        """A piece of the target is here (RFC 9112 §3: 414 for what is too long)."""
        if self._reading is _BETWEEN:
            self._reading = _HEAD
            self._since = self.sweeper.now
        self.url += url
        if len(self.url) > self.limits.target_bytes:
            self._stop(rejections.target_too_long(self.limits.target_bytes))

    def on_headers_complete(self) -> None:
        """Judge the head, then let uvicorn start the application on it."""
        fields = dict(self.headers)
        self._judge(fields)
        self._headway += 1
        self._body_bytes = 0
        self._since = self.sweeper.now
        super().on_headers_complete()
        # uvicorn names its own class; the application has not begun yet.
        self.cycle.__class__ = _Cycle
        self._reading = _BODY
        # The application holds the list, and trailers are not headers (RFC 9110 §6.5.1).
        self.headers = []
        if b"upgrade" in fields or self._leaving or self.gate.lifecycle.draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A piece of the body is here."""
        self._headway += 1
        self._body_bytes += len(body)
        if self._body_bytes > self.limits.body_bytes:
            self._judge_length(self._body_bytes)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here as a whole; as uvicorn does, but for an upgrade that is never made."""
        self._reading = _BETWEEN
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Go on with the next request; as uvicorn does, but without a timer for each."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._reading is _BETWEEN:
            self._since = self.sweeper.now

    # Judging a head.

    def _judge(self, fields: dict[bytes, bytes]) -> None:
        headers = self.headers
        if len(self.pipeline) >= self.limits.pipelined_requests:
            self._stop(rejections.MALFORMED)
        if len(headers) > self.limits.header_count:
            self._stop(rejections.too_many_headers(self.limits.header_count))
        if self._received + self._held > self.limits.head_bytes:
            self._judge_size()
        if fields.get(b"host") not in self.gate.hosts.known or len(fields) != len(headers):
            self._judge_host(fields.get(b"host", b""))
        if not (FORWARDING_FIELDS.isdisjoint(fields) or self._behind_proxy):
            # In place: uvicorn gave this very list to the scope.
            headers[:] = [each for each in headers if each[0] not in FORWARDING_FIELDS]
        self._judge_framing(fields)

    def _judge_size(self) -> None:
        """Count what the parser made of the bytes; it may have been fed more than this one head."""
        # Each field line adds a colon, a space and CRLF to its name and value.
        octets = sum(map(len, itertools.chain.from_iterable(self.headers))) + 4 * len(self.headers)
        if octets + len(self.url) > self.limits.head_bytes:
            self._stop(rejections.head_too_large(self.limits.head_bytes))

    def _judge_framing(self, fields: dict[bytes, bytes]) -> None:
        # RFC 9112 §2.3, §2.5; HTTP/0.9 has no header and HTTP/2 another syntax.
        if self.parser.get_http_version() not in _VERSIONS:
            self._stop(rejections.OTHER_VERSION)
        if not self.url.startswith(b"/"):
            self._judge_absolute(fields[b"host"])
        if b"transfer-encoding" in fields:
            self._judge_coding()
        elif (length := int(fields.get(b"content-length", 0))) > self.limits.body_bytes:
            self._judge_length(length)

    def _judge_length(self, octets: int) -> None:
        """Of a body over the limit: the path may have a larger one."""
        limit = self.limits.body_bytes_of.get(self.url.partition(b"?")[0], self.limits.body_bytes)
        if octets > limit:
            self._stop(rejections.body_too_large(limit))

    def _judge_host(self, host: bytes) -> None:
        """RFC 9112 §3.2 for the form and number of Host; RFC 9110 §7.4 for whose it is."""
        if self._values(b"host") != [host]:
            self._stop(rejections.NOT_ONE_HOST)
        if not self.gate.hosts.admits(host):
            if not self.gate.hosts.is_valid(host):
                self._stop(rejections.NOT_ONE_HOST)
            if self.url not in PROBED_PATHS:
                self._stop(rejections.FOREIGN_HOST)

    def _judge_absolute(self, host: bytes) -> None:
        """RFC 9112 §3.2.2, but stricter: where target and Host differ, neither is believed."""
        target = httptools.parse_url(self.url)
        name = target.host or b""
        authority = name if target.port is None else b"%s:%d" % (name, target.port)
        if authority.lower() != host.lower():
            self._stop(rejections.NOT_ONE_HOST)

    def _judge_coding(self) -> None:
        """RFC 9112 §6.1: none in HTTP/1.0, and 501 for one that we do not decode."""
        if self.parser.get_http_version() == "1.0":
            self._stop(rejections.MALFORMED)
        if [each.lower() for each in self._values(b"transfer-encoding")] != [b"chunked"]:
            self._stop(rejections.UNKNOWN_CODING)

    def _values(self, wanted: bytes) -> list[bytes]:
        return [value for name, value in self.headers if name == wanted]

    def _stop(self, rejection: Rejection) -> NoReturn:
        """Leave the parser; `data_received` goes on from there."""
        self._rejection = rejection
        raise _Rejected

    # Giving up.

    @property
    def _is_answering(self) -> bool:
        cycle = self.cycle
        return not (cycle is None or cycle.response_complete or cycle.disconnected)

    def _reject(self, rejection: Rejection) -> None:
        """Answer in the application's place, as soon as the answers before are out, and close."""
        self.gate.on_rejection(rejection.status)
        is_own = self._reading is _BODY
        self._reading = _NOTHING
        self._since = self.sweeper.now
        if self._is_answering and not is_own:
            # An earlier request is being answered; closing after it tells the client to repeat
            # this one (RFC 9112 §9.6).
            self.cycle.keep_alive = False
        elif self._is_answering and self.pipeline:
            self.cycle.keep_alive = False
            self.pipeline[0] = (self.cycle, rejection.application)  # type: ignore[assignment]  # Starlette's types
        else:
            self._cut_short(rejection, is_own=is_own)

    def _cut_short(self, rejection: Rejection, *, is_own: bool) -> None:
        """Answer now, if the application has not begun to, and hang up on it."""
        has_begun = is_own and self.cycle.response_started
        if is_own:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if has_begun:
            self.transport.close()
            return
        self._answer(rejection)
        self._part()

    def _answer(self, rejection: Rejection) -> None:
        self.transport.write(rejection.message(self.server_state.default_headers))

    def _part(self) -> None:
        """Close our half first, or the reset could overtake the answer (RFC 9112 §9.6)."""
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    # The sweeper and the server call.

    def sweep(self, passed: float) -> None:
        """Keep the deadlines."""
        if self.flow.write_paused or self.transport.is_closing():
            self._unsent += passed
            if self._unsent > self.limits.send_seconds:
                self.transport.abort()
            return
        self._unsent = 0.0
        if self.flow.read_paused:
            # The application is behind, not the client.
            self._since += passed
            return
        # The clock stands still between two looks, hence the one look of grace.
        self._keep_deadline(self.sweeper.now - self._since - passed)

    def _keep_deadline(self, elapsed: float) -> None:
        limits = self.limits
        if self._reading is _HEAD:
            if elapsed > limits.header_seconds:
                self._reject(rejections.HEADERS_LATE)
        elif self._reading is _BODY:
            if elapsed > limits.body_seconds:
                self._reject(rejections.BODY_LATE)
        elif not self._is_answering and elapsed > self._patience():
            # An idle connection may be closed at any time without a word (RFC 9112 §9.5).
            self.transport.abort() if self._reading is _NOTHING else self.transport.close()

    def _patience(self) -> float:
        if self._reading is _NOTHING:
            return self.limits.linger_seconds
        if self._leaving:
            return self.limits.parting_seconds
        return self.limits.header_seconds if self.cycle is None else self.limits.idle_seconds

    def shutdown(self) -> None:
        """Close soon: after the answer under way, or if no request is on its way any more."""
        if self._is_answering:
            self.cycle.keep_alive = False
        elif self._reading is _BETWEEN:
            self._leaving = True
            self._since = self.sweeper.now
