"""One request and its answer on their way: what every answer is given, and what is known of it afterwards."""

import functools
from operator import itemgetter

from starlette.types import Message, Scope, Send

from libs.web.lifecycle import Lifecycle

_KEY = "libs.web.exchange"

_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NOT_STORED = (b"cache-control", b"no-store")
_STRICT_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_CLOSE = (b"connection", b"close")
COMMON_HEADERS = (*_SECURITY_HEADERS, _NOT_STORED, _STRICT_POLICY)
"""What is added to nearly every answer."""


class Exchange:
    """The one `send` around all answers: a wrapper for each thing it does would cost as much as a middleware.

    Attributes:
        request_id: the id of the request.
        status: of the answer; 0 until it has begun.
    """

    __slots__ = ("_lifecycle", "_send", "request_id", "status")

    def __init__(self, request_id: str, send: Send, lifecycle: Lifecycle) -> None:
        self.request_id = request_id
        self.status = 0
        self._send = send
        self._lifecycle = lifecycle

    async def send(self, message: Message) -> None:
        """Give the answer its headers as it begins, and send it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = message.get("headers", ())
            headers = [
                *given,
                *_lacking(tuple(map(itemgetter(0), given))),
                (b"x-request-id", self.request_id.encode("ascii")),
            ]
            if self._lifecycle.draining:
                # The client opens its next connection elsewhere, so that none is cut.
                headers.append(_CLOSE)
            message["headers"] = headers
        await self._send(message)


@functools.lru_cache(maxsize=256)
def _lacking(present: tuple[bytes, ...]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers that a browser must see, beside those of these names; an own Cache-Control or policy is kept."""
    found = [*_SECURITY_HEADERS]
    if b"cache-control" not in present:
        found.append(_NOT_STORED)
    if b"content-security-policy" not in present:
        found.append(_STRICT_POLICY)
    return tuple(found)


def put(scope: Scope, exchange: Exchange) -> None:
    """Let what is further inside find the exchange."""
    scope[_KEY] = exchange


def of(scope: Scope) -> Exchange:
    """The exchange of the request."""
    exchange: Exchange = scope[_KEY]
    return exchange
