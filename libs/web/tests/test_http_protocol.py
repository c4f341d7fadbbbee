"""Deadlines, limits, forwarding fields and closing of connections in the hardened protocol."""

import asyncio
import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType

import httptools
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from libs.web.errors import UnsupportedServerVersion
from libs.web.http_protocol import check_versions
from libs.web.server_policy import ServerPolicy
from libs.web.tests.answering import CHUNKED, HASTY, PATIENT, POST, deaf, echo, respond, torrent
from libs.web.tests.serving import GET, Client, Running, protected, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server with the limits of PATIENT that admits every host."""
    with serving(protected(echo), PATIENT) as running:
        yield running


@pytest.fixture(scope="module")
def hasty() -> Iterator[Running]:
    """The same with the limits of HASTY."""
    with serving(echo, HASTY, idle_seconds=0.6) as running:
        yield running


def headers_of(document: dict[str, list[list[str]]]) -> list[str]:
    """Names of the header fields the application saw."""
    return [name for name, _ in document["headers"]]


def test_late_headers_are_408(hasty: Running) -> None:
    """A head that arrives piece by piece is cut off at the deadline."""
    with hasty.client() as client:
        client.send(GET[:-2])
        start = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - start < 0.9:
                client.send(b"X: y\r\n")
                time.sleep(0.05)
        assert client.answer().status == 408
        assert client.is_closed()


@pytest.mark.parametrize("start", [POST + b"Content-Length: 100\r\n\r\n", CHUNKED], ids=["length", "chunked"])
def test_late_body_is_408(hasty: Running, start: bytes) -> None:
    """A body that stalls is cut off by its deadline, and not before."""
    with hasty.client() as client:
        begin = time.monotonic()
        answer = client.ask(start)
        assert answer.status == 408
        assert time.monotonic() - begin > 0.5
        assert client.is_closed()


@pytest.mark.parametrize("start", [b"", b"\r\n", GET], ids=["silent", "blank line", "kept alive"])
def test_idle_connection_is_closed(hasty: Running, start: bytes) -> None:
    """A connection without a request is closed by its deadline, and not before."""
    begin = time.monotonic()
    with hasty.client() as client:
        client.send(start)
        if start == GET:
            client.answer()
        assert client.is_closed()
        assert time.monotonic() - begin > 0.5


def test_rejected_client_cannot_stay() -> None:
    """A client that continues to send after its rejection is cut off."""
    with serving(echo, HASTY) as running, running.client() as client:
        assert client.ask(b"NONSENSE\r\n\r\n").status == 400
        end = time.monotonic() + 60
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < end:
                client.send(b"x" * 1000)
                time.sleep(0.02)
        assert time.monotonic() < end
        assert running.comes_to(0)


def test_client_that_reads_nothing_is_cut_off() -> None:
    """A response that the client does not read ends its connection after the deadline."""
    with serving(torrent, HASTY) as running, running.client() as client:
        client.send(GET)
        assert running.comes_to(1)
        assert running.comes_to(0)


def test_slow_application_is_not_the_clients_fault() -> None:
    """Time in which the application does not read the body is not counted against the client."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1.5)
        await echo(scope, receive, send)

    with serving(slow, HASTY) as running, running.client() as client:
        answer = client.ask(POST + b"Content-Length: 1000000\r\n\r\n" + bytes(1_000_000))
        assert answer.json()["body"] == 1_000_000


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
    "bad chunk": (CHUNKED + b"zz\r\n", [200, 400]),
}


@pytest.mark.parametrize(("second", "statuses"), FAULTS_BEHIND.values(), ids=FAULTS_BEHIND.keys())
def test_fault_behind_a_good_request(second: bytes, statuses: list[int]) -> None:
    """A good request is answered in full even if what follows it on the connection is rejected meanwhile."""
    rejected = asyncio.Event()

    async def later(scope: Scope, receive: Receive, send: Send) -> None:
        await rejected.wait()
        await echo(scope, receive, send)

    with (
        serving(later, HASTY, on_rejection=lambda _: rejected.set()) as running,
        running.client() as client,
    ):
        client.send(GET + second)
        assert [client.answer().status for _ in statuses] == statuses
        assert client.is_closed()


def test_unread_body_does_not_desynchronise() -> None:
    """After an answer that did not wait for the body, the rest of the body is not a request."""
    with serving(deaf, PATIENT) as running, running.client() as client:
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
    with serving(protected(echo, hosts=allowed)) as running:
        assert running.ask(GET.replace(b"Host: a", b"Host: " + host)).status == status


@pytest.mark.parametrize("path", [b"/livez", b"/readyz"])
def test_probes_may_use_an_address(path: bytes) -> None:
    """Health checks are answered for any Host, because an orchestrator uses the current address."""
    with serving(protected(echo, hosts=("api.example.org",))) as running:
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
    """Without a trusted proxy, the application sees no forwarding fields, and the peer's address is the client."""
    document = server.ask(FORWARDED).json()
    assert headers_of(document) == ["host", "accept"]
    assert document["client"][0] == "127.0.0.1"


@pytest.mark.parametrize("proxy", ["127.0.0.1", "127.0.0.0/8"])
def test_forwarding_fields_of_a_named_proxy_pass(proxy: str) -> None:
    """Forwarding fields of a trusted proxy reach the application."""
    with serving(protected(echo, proxies=(proxy,))) as running:
        assert "x-forwarded-for" in headers_of(running.ask(FORWARDED).json())


def test_trailers_are_not_headers(server: Running) -> None:
    """A trailer field after the body is not added to the headers of the request."""
    answer = server.ask(CHUNKED + b"1\r\nx\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")
    assert headers_of(answer.json()) == ["host", "transfer-encoding"]


def test_upgrade_is_not_taken(server: Running) -> None:
    """A request to switch to another protocol is answered as usual, and nothing after it is read."""
    upgrade = GET[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    with server.client() as client:
        answer = client.ask(upgrade + GET)
        assert answer.status == 200
        assert answer.headers["connection"] == "close"
        assert client.is_closed()


def test_connections_are_capped() -> None:
    """A connection over the limit gets 503; after others have closed, the next is served."""
    limits = replace(PATIENT, connections=3)
    with serving(echo, limits) as running:
        idle = [Client(running.address) for _ in range(3)]
        assert running.comes_to(3)
        with running.client() as refused:
            answer = refused.answer()
            assert answer.status == 503
            assert answer.headers["retry-after"] == "1"
            assert refused.is_closed()
        for client in idle:
            client.close()
        assert running.comes_to(0)
        assert running.ask(GET).status == 200


def test_server_that_ends_without_a_signal_closes_too() -> None:
    """A connection that is asked to end serves the request on its way and is then closed."""
    with serving(echo) as running, running.client() as client:
        assert "connection" not in client.ask(GET).headers
        running.shut_down_connections()
        assert client.ask(GET).headers["connection"] == "close"
        assert client.is_closed()


def test_rejections_are_counted() -> None:
    """`on_rejection` is called with the status of every rejection, for a metric."""
    counted: list[int] = []
    with serving(echo, PATIENT, on_rejection=counted.append) as running:
        running.ask(b"NONSENSE\r\n\r\n")
        running.ask(GET)
    assert counted == [400]


@pytest.mark.parametrize("module", [uvicorn, httptools], ids=lambda module: module.__name__)
def test_unknown_version_is_refused(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an untested version of uvicorn or httptools, the start fails with one sentence."""
    monkeypatch.setattr(module, "__version__", "99.0")
    with pytest.raises(UnsupportedServerVersion, match=r"99\.0 is installed.*_HARDENING=off") as refusal:
        check_versions()
    assert refusal.value.name == module.__name__


def test_descriptors_bound_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a low limit of file descriptors, connections leave some descriptors for other uses."""

    def cap(soft: int) -> int:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
        return ServerPolicy().affordable_connections()

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


def test_connection_is_closed_after_a_body_that_nobody_awaits() -> None:
    """The rest of a body that comes after the response begins a new wait, which has a deadline."""
    with serving(deaf, HASTY, idle_seconds=0.6) as running, running.client() as client:
        assert client.ask(POST + b"Content-Length: 1\r\n\r\n").status == 200
        client.send(b"x")
        assert client.is_closed()


@pytest.mark.parametrize("before", [0, 1], ids=["first", "behind another"])
def test_target_without_a_path_is_400(server: Running, before: int) -> None:
    """A target that uvicorn cannot read is answered, after the requests before it."""
    with server.client() as client:
        client.send(GET * before + b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [client.answer().status for _ in range(before)] == [200] * before
        if not before:
            assert client.answer().status == 400
        assert client.is_closed()


def test_client_that_leaves_a_little_unread_is_cut_off() -> None:
    """A client that leaves data unread is cut off, even if it is too little to pause the application."""

    async def sized(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        await respond(send, bytes(int(scope["path"][1:])))

    with serving(sized, HASTY, idle_seconds=0.6) as running:
        clients = [Client(running.address) for _ in range(20)]
        for number, client in enumerate(clients):
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % (2_400_000 + 30_000 * number))
        assert running.comes_to(0)
        for client in clients:
            client.close()
