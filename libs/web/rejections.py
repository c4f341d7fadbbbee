"""Error responses of the server itself, before any application code runs (RFC 9457)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from libs.web.middleware import SECURITY_HEADERS


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a connection is answered and closed. `fields` are header fields of the answer."""

    status: HTTPStatus
    detail: str
    fields: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def body(self) -> bytes:
        """The problem document."""
        return _document(self)

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Header fields that describe the document and end the connection (RFC 9112 §9.6)."""
        return [
            (b"content-type", b"application/problem+json"),
            (b"content-length", b"%d" % len(self.body)),
            *((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()),
            (b"connection", b"close"),
            *self.fields,
        ]

    def message(self, server_fields: Sequence[tuple[bytes, bytes]]) -> bytes:
        """The whole answer on the wire, with the header fields every answer of the server has."""
        lines = [b"HTTP/1.1 %d %s" % (self.status, self.status.phrase.encode())]
        lines += [b"%s: %s" % field for field in (*server_fields, *self.headers)]
        return b"\r\n".join([*lines, b"", self.body])

    async def application(self, _: Scope, __: Receive, send: Send) -> None:
        """An ASGI application that gives this one answer."""
        await send({"type": "http.response.start", "status": int(self.status), "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


@cache
def _document(rejection: Rejection) -> bytes:
    document = {
        "type": "about:blank",
        "title": rejection.status.phrase,
        "status": int(rejection.status),
        "detail": rejection.detail,
    }
    return json.dumps(document).encode()


MALFORMED = Rejection(HTTPStatus.BAD_REQUEST, "The request is not well-formed HTTP/1.1.")
OTHER_VERSION = Rejection(HTTPStatus.BAD_REQUEST, "This server supports HTTP/1.1 and HTTP/1.0.")
NOT_ONE_HOST = Rejection(HTTPStatus.BAD_REQUEST, "A request must have exactly one valid Host.")
UNKNOWN_CODING = Rejection(HTTPStatus.NOT_IMPLEMENTED, "The only transfer coding accepted is 'chunked'.")
HEADERS_LATE = Rejection(HTTPStatus.REQUEST_TIMEOUT, "The headers did not arrive in time.")
BODY_LATE = Rejection(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive in time.")
OVERLOADED = Rejection(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Too many connections are open.",
    ((b"retry-after", b"1"),),
)


def target_too_long(limit: int) -> Rejection:
    """RFC 9110 §15.5.15."""
    return Rejection(HTTPStatus.REQUEST_URI_TOO_LONG, f"A request target may have at most {limit} bytes.")


def head_too_large(limit: int) -> Rejection:
    """RFC 6585 §5, for the sum of the fields."""
    return Rejection(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The headers may have at most {limit} bytes.")


def too_many_headers(limit: int) -> Rejection:
    """RFC 6585 §5, for their number."""
    return Rejection(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"A request may have at most {limit} header fields.")
