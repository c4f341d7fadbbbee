"""The head of an answer as it goes over the wire.

uvicorn checks and joins each line of each head anew, which takes a microsecond a line. Here the lines that all answers
share are joined once, and those of the server, which change by the second, once for as long as they stay.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

Field = tuple[bytes, bytes]
"""Name and value of a header field."""

# RFC 9110 §5.1 and §5.5.
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_STATUS_LINES = {int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus}
# They say how the body ends, or that the connection does.
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"connection"))


@dataclass(frozen=True, slots=True)
class Head:
    """A head, and how many octets of body it announces."""

    octets: bytes
    length: int


class Heads:
    """Renders heads; `shared` are the fields that most answers have."""

    def __init__(self, shared: Iterable[Field]) -> None:
        self._lines = {field: _line(*field) for field in shared}
        self._server: Sequence[Field] = ()
        self._server_lines = b""

    def render(self, status: int, fields: Iterable[Field], *, server: Sequence[Field] = ()) -> Head | None:
        """The head of an answer that keeps its connection; `server` is the list of the server's own fields.

        None where the answer does not state its length once, or holds what does not belong into a head.
        """
        if status not in _STATUS_LINES:
            return None
        if server is not self._server:
            self._server, self._server_lines = server, b"".join(_line(*field) for field in server)
        lines, length = [_STATUS_LINES[status], self._server_lines], None
        for field in fields:
            line = self._lines.get(field)
            if line is None:
                name, value = field[0].lower(), field[1]
                if name in _FRAMING:
                    if length is not None or name != b"content-length" or not value.isdigit():
                        return None
                    length = int(value)
                elif not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
                    return None
                line = _line(name, value)
            lines.append(line)
        if length is None:
            return None
        lines.append(b"\r\n")
        return Head(b"".join(lines), length)


def _line(name: bytes, value: bytes) -> bytes:
    return b"%b: %b\r\n" % (name, value)
