"""Heads are joined as uvicorn joins them, and what is not of the usual kind is left to uvicorn."""

from collections.abc import Sequence
from http import HTTPStatus

import pytest

from libs.web.heads import Field, Heads

SHARED = (b"x-frame-options", b"DENY")
LENGTH = (b"content-length", b"5")


def _render(fields: Sequence[Field], status: int = HTTPStatus.OK) -> tuple[bytes, int] | None:
    head = Heads([SHARED]).render(status, fields)
    return (head.octets, head.length) if head else None


def test_a_head_holds_its_fields_in_their_order() -> None:
    """Shared ones and others; names are in lower case, as from uvicorn."""
    octets = b"HTTP/1.1 201 Created\r\nx-frame-options: DENY\r\ncontent-length: 5\r\netag: \xe9\r\n\r\n"
    assert _render([SHARED, (b"Content-Length", b"5"), (b"ETag", b"\xe9")], HTTPStatus.CREATED) == (octets, 5)


def test_the_servers_own_fields_come_first() -> None:
    """And another list of them takes the place of the one before."""
    heads = Heads([SHARED])
    for second in (b"a", b"a", b"b"):
        head = heads.render(HTTPStatus.OK, [LENGTH], server=[(b"date", second)])
        assert head is not None
        assert head.octets == b"HTTP/1.1 200 OK\r\ndate: " + second + b"\r\ncontent-length: 5\r\n\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [SHARED],
        [LENGTH, LENGTH],
        [(b"content-length", b"-1")],
        [(b"content-length", b"")],
        [LENGTH, (b"Transfer-Encoding", b"chunked")],
        [LENGTH, (b"connection", b"close")],
        [LENGTH, (b"x", b"a\r\nset-cookie: b")],
        [LENGTH, (b"x", b"a\0")],
        [LENGTH, (b"x: y\r\nz", b"a")],
        [LENGTH, (b"x ", b"a")],
        [LENGTH, (b"", b"a")],
    ],
)
def test_anything_else_is_left_to_the_server(fields: Sequence[Field]) -> None:
    """Another framing, or what would split the answer in two."""
    assert _render(fields) is None


def test_an_unknown_status_is_left_to_the_server() -> None:
    """It has no phrase of its own."""
    assert _render([LENGTH], 799) is None
