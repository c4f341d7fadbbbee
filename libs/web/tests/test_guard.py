"""What the protocol lets through to the application, what it answers itself, and when it closes."""

import asyncio
import contextlib
import json
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import httptools
import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from libs.web.guard import UnknownServerVersion
from libs.web.lifecycle import Lifecycle
from libs.web.limits import Limits
from libs.web.tests.serving import GET, Client, Running, gate, serving

# Short enough for a test, long enough for a busy machine.
HASTY = Limits(
    header_seconds=0.6,
    body_seconds=0.6,
    idle_seconds=0.6,
    send_seconds=0.6,
    linger_seconds=0.4,
    body_bytes=100_000,
)
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


async def echo(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer with what the application was given."""
    assert scope["type"] == "http"
    received = 0
    while (message := await receive())["type"] == "http.request":
        received += len(message["body"])
        if not message["more_body"]:
            break
    document = {
        "path": scope["path"],
        "client": scope["client"],
        "body": received,
        "headers": [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]],
    }
    await _respond(send, json.dumps(document).encode())


async def deaf(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer at once, whatever the body."""
    del scope, receive
    await _respond(send, b"{}")


async def torrent(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer with more than a socket's buffers hold."""
    del scope, receive
    await _respond(send, bytes(50_000_000))


async def _respond(send: ASGISendCallable, body: bytes) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length], "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server with the limits of HASTY that admits every host."""
    with serving(echo, gate(HASTY).protocol()) as running:
        yield running


def headers_of(document: dict[str, list[list[str]]]) -> list[str]:
    """Names of the header fields the application saw."""
    return [name for name, _ in document["headers"]]


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
    """Whatever a request is damaged by, the answer is a known one or none, and nothing breaks."""
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
    "announced body over the limit": (POST + b"Content-Length: 100001\r\n\r\n", 413),
    "the same, awaiting 100": (
        POST + b"Expect: 100-continue\r\nContent-Length: 100001\r\n\r\n",
        413,
    ),
    "endless trailers": (CHUNKED + b"0\r\n" + b"X: " + b"x" * 2_000_000, 431),
    "endless chunk extension": (CHUNKED + b"1;" + b"x" * 2_000_000, 431),
}


@pytest.mark.parametrize(("request_", "status"), HEADS.values(), ids=HEADS.keys())
def test_oversize_is_refused(server: Running, request_: bytes, status: int) -> None:
    """Each part of a request has a limit and the status code that is meant for it."""
    with server.client() as client:
        with contextlib.suppress(ConnectionError):
            client.send(request_)
        assert client.answer().status == status
        assert client.is_closed()


def test_largest_request_passes(server: Running) -> None:
    """What is just within every limit reaches the application."""
    target = b"GET /" + b"x" * 8191 + b" HTTP/1.1\r\nHost: a\r\n"
    fields = b"".join(b"X-%02d: %s\r\n" % (n, b"x" * 70) for n in range(99))
    assert server.ask(target + fields + b"\r\n").status == 200
    body = POST + b"Content-Length: 100000\r\n\r\n" + bytes(100_000)
    assert server.ask(body).json()["body"] == 100_000


def test_chunked_body_is_bounded(server: Running) -> None:
    """A streamed body over the limit is 413 and costs less than 5 MB of memory."""
    before = _peak_kilobytes()
    piece = b"10000\r\n" + bytes(65536) + b"\r\n"
    with server.client() as client:
        client.send(CHUNKED)
        with contextlib.suppress(ConnectionError):
            for _ in range(1600):
                client.send(piece)
        assert client.answer().status == 413
    assert _peak_kilobytes() - before < 5000


def _peak_kilobytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_refusal_outlives_unread_body(server: Running) -> None:
    """The client gets its 413 even while it is still sending: no reset overtakes it."""
    with server.client() as client:
        client.send(POST + b"Content-Length: 50000000\r\n\r\n" + bytes(200_000))
        time.sleep(0.1)
        client.send(bytes(200_000))
        assert client.answer().status == 413


def test_late_headers_are_408(server: Running) -> None:
    """A head that drips in is cut off by the deadline however busy the client looks."""
    with server.client() as client:
        client.send(GET[:-2])
        start = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - start < 0.9:
                client.send(b"X: y\r\n")
                time.sleep(0.05)
        assert client.answer().status == 408
        assert client.is_closed()


@pytest.mark.parametrize("start", [POST + b"Content-Length: 100\r\n\r\n", CHUNKED], ids=["length", "chunked"])
def test_late_body_is_408(server: Running, start: bytes) -> None:
    """A body that stalls is cut off by its deadline."""
    with server.client() as client:
        begin = time.monotonic()
        answer = client.ask(start)
        assert answer.status == 408
        assert 0.5 < time.monotonic() - begin < 2
        assert client.is_closed()


@pytest.mark.parametrize("start", [b"", b"\r\n", GET], ids=["silent", "blank line", "kept alive"])
def test_idle_connection_is_closed(server: Running, start: bytes) -> None:
    """A connection without a request is closed by its deadline, and not before."""
    with server.client() as client:
        client.send(start)
        if start == GET:
            client.answer()
        begin = time.monotonic()
        assert client.is_closed(within=3)
        assert time.monotonic() - begin > 0.5


def test_rejected_client_cannot_stay() -> None:
    """A client that goes on sending after its rejection is cut off."""
    with serving(echo, gate(HASTY).protocol()) as running, running.client() as client:
        assert client.ask(b"NONSENSE\r\n\r\n").status == 400
        end = time.monotonic() + 3
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < end:
                client.send(b"x" * 1000)
                time.sleep(0.02)
        assert time.monotonic() < end
        assert running.empties()


def test_client_that_reads_nothing_is_cut_off() -> None:
    """An answer that nobody takes does not hold its connection for ever."""
    with serving(torrent, gate(HASTY).protocol()) as running, running.client() as client:
        client.send(GET)
        time.sleep(0.3)
        assert running.state.connections
        assert running.empties(within=3)


def test_slow_application_is_not_the_clients_fault() -> None:
    """Time in which the application does not read the body is not counted against the client."""

    async def slow(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await asyncio.sleep(1.5)
        await echo(scope, receive, send)

    limits = replace(HASTY, body_bytes=1_000_000)
    with serving(slow, gate(limits).protocol()) as running, running.client() as client:
        client.send(POST + b"Content-Length: 1000000\r\n\r\n" + bytes(999_999))
        time.sleep(1.8)
        assert client.ask(b"x").json()["body"] == 1_000_000


def test_pipelined_requests_are_answered_in_order(server: Running) -> None:
    """Requests sent ahead are answered one by one, in order."""
    with server.client() as client:
        paths = [f"/{n}" for n in range(10)]
        client.send(b"".join(GET.replace(b"/ ", path.encode() + b" ", 1) for path in paths))
        assert [client.answer().json()["path"] for _ in paths] == paths


def test_pipelining_is_bounded(server: Running) -> None:
    """Of a flood sent ahead a bounded number is answered, the last with `Connection: close`."""
    with server.client() as client:
        client.send(GET * 1000)
        answers = [client.answer() for _ in range(17)]
        assert [answer.status for answer in answers] == [200] * 17
        assert answers[-1].headers["connection"] == "close"
        assert client.is_closed()


FAULTS_BEHIND = {
    "malformed": (b"NONSENSE\r\n\r\n", [200]),
    "unfinished": (GET[:-2], [200]),
    "body over the limit": (CHUNKED + b"30000\r\n" + bytes(0x30000), [200, 413]),
    "bad chunk": (CHUNKED + b"zz\r\n", [200, 400]),
}


@pytest.mark.parametrize(("second", "statuses"), FAULTS_BEHIND.values(), ids=FAULTS_BEHIND.keys())
def test_fault_behind_a_good_request(second: bytes, statuses: list[int]) -> None:
    """A good request is answered in full even if what follows it on the connection is not good."""

    async def later(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await asyncio.sleep(0.8)
        await echo(scope, receive, send)

    with serving(later, gate(HASTY).protocol()) as running, running.client() as client:
        client.send(GET + second)
        assert [client.answer().status for _ in statuses] == statuses
        assert client.is_closed()


def test_unread_body_does_not_desynchronise() -> None:
    """After an answer that did not wait for the body, the rest of the body is not a request."""
    with serving(deaf, gate(HASTY).protocol()) as running, running.client() as client:
        client.send(POST + b"Content-Length: %d\r\n\r\n" % len(GET))
        assert client.answer().status == 200
        client.send(GET)
        assert client.ask(GET).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"api.example.org", 200),
        (b"API.EXAMPLE.ORG:8443", 200),
        (b"a.b.example.net", 200),
        (b"example.net", 421),
        (b"example.org", 421),
        (b"evil.org", 421),
        (b"evilexample.net", 421),
        (b"api.example.org.evil.org", 421),
        (b"127.0.0.1", 421),
        (b"[::1]:80", 200),
    ],
)
def test_allowed_hosts(host: bytes, status: int) -> None:
    """Only listed hosts are served."""
    allowed = ("api.example.org", "*.example.net", "[::1]")
    with serving(echo, gate(hosts=allowed).protocol()) as running:
        assert running.ask(GET.replace(b"Host: a", b"Host: " + host)).status == status


@pytest.mark.parametrize("path", [b"/livez", b"/readyz"])
def test_probes_may_use_an_address(path: bytes) -> None:
    """An orchestrator asks for health by whatever address the service has at the moment."""
    with serving(echo, gate(hosts=("api.example.org",)).protocol()) as running:
        assert running.ask(b"GET %b HTTP/1.1\r\nHost: 10.0.0.7:8001\r\n\r\n" % path).status == 200


def test_absolute_form_is_served(server: Running) -> None:
    """A target in absolute form is understood where it names the same host."""
    answer = server.ask(b"GET http://a:80/x?y HTTP/1.1\r\nHost: a:80\r\n\r\n")
    assert answer.json()["path"] == "/x"


FORWARDED = GET[:-2] + (
    b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nForwarded: for=6.6.6.6\r\n"
    b"X-Real-IP: 6.6.6.6\r\nX-Forwarded-Host: evil.org\r\nAccept: */*\r\n\r\n"
)


def test_forwarding_fields_of_a_stranger_are_dropped(server: Running) -> None:
    """Who is no named proxy cannot say who the client is: the application does not see it."""
    document = server.ask(FORWARDED).json()
    assert headers_of(document) == ["host", "accept"]
    assert document["client"][0] == "127.0.0.1"


@pytest.mark.parametrize("proxy", ["127.0.0.1", "127.0.0.0/8"])
def test_forwarding_fields_of_a_named_proxy_pass(proxy: str) -> None:
    """A named proxy's word reaches the application."""
    with serving(echo, gate(proxies=(proxy,)).protocol()) as running:
        assert "x-forwarded-for" in headers_of(running.ask(FORWARDED).json())


def test_trailers_are_not_headers(server: Running) -> None:
    """What comes after the body cannot pose as a header of the request."""
    answer = server.ask(CHUNKED + b"1\r\nx\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")
    assert headers_of(answer.json()) == ["host", "transfer-encoding"]


def test_upgrade_is_not_taken(server: Running) -> None:
    """A request to speak another protocol is answered as it is, and nothing after it is read."""
    upgrade = GET[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    with server.client() as client:
        answer = client.ask(upgrade + GET)
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        assert client.is_closed()


def test_connections_are_capped() -> None:
    """Where too many connections are open the next is told 503; when one ends there is room."""
    limits = replace(HASTY, connections=3, header_seconds=1.0)
    with serving(echo, gate(limits).protocol()) as running:
        idle = [Client(running.address) for _ in range(3)]
        time.sleep(0.1)
        with running.client() as refused:
            answer = refused.answer()
            assert answer.status == 503
            assert answer.headers["retry-after"] == "1"
            assert refused.is_closed()
        assert running.empties(within=3)
        assert running.ask(GET).status == 200
        for client in idle:
            client.close()


def test_drained_connection_is_not_kept_alive() -> None:
    """While the service drains every answer says `Connection: close`, and means it."""
    lifecycle = Lifecycle()
    with serving(echo, gate(lifecycle=lifecycle).protocol()) as running, running.client() as client:
        assert "connection" not in client.ask(GET).headers
        lifecycle.draining = True
        assert client.ask(GET).headers["connection"] == "close"
        assert client.is_closed()


def test_server_that_ends_without_a_signal_closes_too() -> None:
    """A connection that is asked to end serves the request on its way and is then closed."""
    with serving(echo, gate().protocol()) as running, running.client() as client:
        assert "connection" not in client.ask(GET).headers
        running.shut_down_connections()
        time.sleep(0.1)
        assert client.ask(GET).headers["connection"] == "close"
        assert client.is_closed()


def test_rejections_are_counted() -> None:
    """Who asks is told of every rejection, for a metric."""
    counted: list[int] = []
    counting = gate(HASTY)
    counting.on_rejection = counted.append
    with serving(echo, counting.protocol()) as running:
        running.ask(b"GET / HTTP/1.1\r\n\r\n")
        running.ask(GET)
    assert counted == [400]


@pytest.mark.parametrize("module", [uvicorn, httptools], ids=lambda module: module.__name__)
def test_unknown_version_is_refused(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server this was not written for there is one sentence instead of a guard with holes."""
    monkeypatch.setattr(module, "__version__", "99.0")
    with pytest.raises(UnknownServerVersion, match=r"99\.0 is installed") as refusal:
        gate().protocol()
    assert refusal.value.name == module.__name__


def test_known_versions_are_the_locked_ones() -> None:
    """The versions the guard knows are those the lock installs."""
    gate().protocol()


def test_private_parts_stay_in_one_file() -> None:
    """Only the guard and the tests know uvicorn's insides."""
    folder = Path(__file__).parent.parent
    users = {path.name for path in folder.glob("*.py") if "uvicorn.protocols" in path.read_text()}
    assert users == {"guard.py"}


def test_descriptors_bound_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process may open few files, connections leave some of them to others."""

    def cap(soft: int) -> int:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
        return Limits().affordable_connections()

    assert [cap(64), cap(1024), cap(1_000_000), cap(resource.RLIM_INFINITY)] == [
        32,
        984,
        2000,
        2000,
    ]


def test_half_closed_client_gets_its_rejection(server: Running) -> None:
    """A client that sends and shuts its sending side still reads why it was refused."""
    with server.client() as client:
        client.send(b"GET / HTTP/1.1\r\n\r\n")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer().status == 400
