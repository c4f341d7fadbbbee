"""Which requests the protocol lets through to the application, and how it answers the others."""

import contextlib
import resource
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.web.settings import WebSettings
from libs.web.tests.answering import CHUNKED, PATIENT, POST, echo
from libs.web.tests.application import application
from libs.web.tests.serving import GET, Running, protected, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server with the limits of PATIENT that admits every host."""
    with serving(protected(echo), PATIENT) as running:
        yield running


MALFORMED = {
    "length and coding": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two equal lengths": POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
    "list of lengths": POST + b"Content-Length: 1, 1\r\n\r\nx",
    "signed length": POST + b"Content-Length: +1\r\n\r\nx",
    "negative length": POST + b"Content-Length: -1\r\n\r\nx",
    "empty length": POST + b"Content-Length: \r\n\r\n",
    "hexadecimal length": POST + b"Content-Length: 0x1\r\n\r\nx",
    "length over 2^64": POST + b"Content-Length: 99999999999999999999\r\n\r\nx",
    "coding twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "coding after a control": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "coding in HTTP/1.0": CHUNKED.replace(b"/1.1", b"/1.0") + b"0\r\n\r\n",
    "bare LF after the request line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "bare LF after a field": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "bare LF at the end": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
    "bare LF after a chunk size": CHUNKED + b"3\nabc\r\n0\r\n\r\n",
    "bare LF in a chunk extension": CHUNKED + b"3;a\n\r\nabc\r\n0\r\n\r\n",
    "bare CR in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    "NUL in a name": b"GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
    "folded line": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "line folded by a tab": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n",
    "space before the first field": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "field without a name": b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/0.9 in words": b"GET / HTTP/0.9\r\nHost: a\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "unknown method": b"FETCH / HTTP/1.1\r\nHost: a\r\n\r\n",
    "chunk size in another base": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "chunk size over 2^64": CHUNKED + b"fffffffffffffffff\r\nabc",
    "chunk longer than its size": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "target without a slash": b"GET x HTTP/1.1\r\nHost: a\r\n\r\n",
    "tunnel": b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "no Host in HTTP/1.0": b"GET / HTTP/1.0\r\n\r\n",
    "empty Host": b"GET / HTTP/1.1\r\nHost: \r\n\r\n",
    "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "the same Host twice": b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
    "Host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "Host with a user": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "list of Hosts": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "Host with a bad port": b"GET / HTTP/1.1\r\nHost: a:x\r\n\r\n",
    "Host unlike the target": b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_is_400_and_closed(server: Running, request_: bytes) -> None:
    """A request that two readers could understand differently is answered 400, then cut off."""
    with server.client() as client:
        answer = client.ask(request_ + GET)
        assert answer.status == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["connection"] == "close"
        assert answer.json()["status"] == 400
        assert client.is_closed()


@pytest.mark.parametrize("pause", [0.0, 0.01], ids=["whole", "by the byte"])
def test_ordinary_requests_pass(server: Running, pause: float) -> None:
    """A well-formed request reaches the application however it is cut, twice on a connection."""
    request = CHUNKED + b"3;note=x\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with server.client() as client:
        for _ in range(2):
            for piece in [request] if not pause else [bytes([octet]) for octet in request]:
                client.send(piece)
                time.sleep(pause / 10)
            answer = client.answer()
            assert answer.status == 200
            assert answer.json()["body"] == 5
            assert "connection" not in answer.headers


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    request_=st.sampled_from([GET, POST + b"Content-Length: 3\r\n\r\nabc", CHUNKED + b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"]),
    place=st.floats(0, 1),
    lost=st.integers(0, 10),
    noise=st.binary(max_size=12) | st.sampled_from([b"\r\n", b"\n", b"\0", b": ", b"Host: b\r\n", b"/", b" "]),
)
def test_noise_is_answered_or_cut_off(server: Running, request_: bytes, place: float, lost: int, noise: bytes) -> None:
    """A damaged request gets an expected status or no response, and the server continues to serve."""
    at = int(place * len(request_))
    with server.client() as client:
        client.send(request_[:at] + noise + request_[at + lost :])
        client.socket.shutdown(socket.SHUT_WR)
        answers = client.rest()
    statuses = {int(line.split()[1]) for line in answers.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")}
    assert statuses <= {200, 400, 408, 413, 414, 431, 501}
    assert server.ask(GET).status == 200


HEADS = {
    "target over its limit": (b"GET /" + b"x" * 8192 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "endless target": (b"GET /" + b"x" * 100_000, 414),
    "one field over the limit": (GET[:-2] + b"X: " + b"x" * 16384 + b"\r\n\r\n", 431),
    "endless field": (GET[:-2] + b"X: " + b"x" * 100_000, 431),
    "endless name": (GET[:-2] + b"x" * 100_000, 431),
    "fields over the limit together": (
        GET[:-2] + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 400) for n in range(42)) + b"\r\n",
        431,
    ),
    "20,000 fields": (GET[:-2] + b"X: y\r\n" * 20_000 + b"\r\n", 431),
    "too many fields": (GET[:-2] + b"X: y\r\n" * 100 + b"\r\n", 431),
    "coding unlike chunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "two codings": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "two coding fields": (
        POST + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    "endless trailers": (CHUNKED + b"0\r\n" + b"X: " + b"x" * 2_000_000, 431),
    "endless chunk extension": (CHUNKED + b"1;" + b"x" * 2_000_000, 431),
}


@pytest.mark.parametrize(("request_", "status"), HEADS.values(), ids=HEADS.keys())
def test_oversize_is_refused(server: Running, request_: bytes, status: int) -> None:
    """Each part of a request has a limit, and exceeding it gets the status code for that part."""
    with server.client() as client:
        with contextlib.suppress(ConnectionError):
            client.send(request_)
        assert client.answer().status == status
        assert client.is_closed()


def test_largest_request_passes(server: Running) -> None:
    """A request just within every limit reaches the application."""
    target = b"GET /" + b"x" * 8191 + b" HTTP/1.1\r\nHost: a\r\n"
    fields = b"".join(b"X-%02d: %s\r\n" % (n, b"x" * 70) for n in range(99))
    assert server.ask(target + fields + b"\r\n").status == 200
    body = POST + b"Content-Length: 100000\r\n\r\n" + bytes(100_000)
    assert server.ask(body).json()["body"] == 100_000


@pytest.fixture(scope="module")
def limited() -> Iterator[Running]:
    """A server of an application whose bodies may have 100,000 bytes."""
    with serving(application(WebSettings(max_body_bytes=100_000)), PATIENT) as running:
        yield running


JSON_POST = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_announced_body_over_the_limit_is_413(limited: Running, expect: bytes) -> None:
    """The response comes before the body, and no 100 invites it."""
    answer = limited.ask(JSON_POST + expect + b"Content-Length: 100001\r\n\r\n")
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_chunked_body_is_bounded(limited: Running) -> None:
    """A streamed body over the limit is 413 and costs less than 5 MB of memory, however long it is."""
    before = _peak_kilobytes()
    piece = b"10000\r\n" + bytes(65536) + b"\r\n"
    with limited.client() as client:
        client.send(JSON_POST + b"Transfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(1600):
                client.send(piece)
        assert client.answer().status == 413
    assert _peak_kilobytes() - before < 5000


def _peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
