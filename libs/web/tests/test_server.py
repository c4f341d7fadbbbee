"""The shipped entry point: what its settings do, and what it withstands."""

import contextlib
import json
import socket
import time

import pytest

from libs.web.errors import PortTaken
from libs.web.lifecycle import Lifecycle
from libs.web.server import gate_of, listen
from libs.web.settings import WebSettings
from libs.web.tests.processes import Process, shipped
from libs.web.tests.serving import Client

HOST = b"Host: 127.0.0.1\r\n"
# A client may write the first entry itself; a proxy appends the last.
FORWARDED = b"X-Forwarded-For: 1.1.1.1, 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\r\n"


def get(path: str) -> bytes:
    """A request."""
    return b"GET %s HTTP/1.1\r\n%s\r\n" % (path.encode(), HOST)


def test_settings_reach_the_guard() -> None:
    """Every limit that is a setting is the guard's limit."""
    settings = WebSettings(
        header_seconds=1,
        body_seconds=2,
        max_body_bytes=3,
        max_connections=4,
        idle_seconds=5,
        allowed_hosts=("a",),
        trusted_proxies=(),
    )
    gate = gate_of(settings, Lifecycle(), body_limits={"/files": 6})
    limits = gate.limits
    assert (limits.header_seconds, limits.body_seconds, limits.body_bytes) == (1, 2, 3)
    assert (limits.connections, limits.idle_seconds) == (4, 5)
    assert limits.body_bytes_of == {b"/files": 6}
    assert [gate.hosts.admits(host) for host in (b"a", b"b")] == [True, False]


def test_taken_port_is_refused() -> None:
    """The person who starts a second server on a port is told so."""
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken):
        listen("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [([], ["127.0.0.1", "http"]), (["10.0.0.0/8"], ["127.0.0.1", "http"]), (["127.0.0.1"], ["6.6.6.6", "https"])],
    ids=["nobody", "another", "the peer"],
)
def test_client_is_who_a_named_proxy_says(proxies: list[str], seen: list[str]) -> None:
    """X-Forwarded-* counts from proxies named in the settings, and from nobody by default."""
    with shipped(trusted_proxies=json.dumps(proxies), drain_seconds=0) as served:
        answer = served.ask(b"GET /client HTTP/1.1\r\n" + HOST + FORWARDED)
        assert answer.json() == seen
        served.stop()
        assert served.status() == 0


def test_guard_is_in_the_shipped_server() -> None:
    """What a service starts has the guard, with the limits of its settings."""
    with shipped(max_body_bytes=1000) as served:
        assert served.ask(b"GET / HTTP/1.1\r\n\r\n").status == 400
        assert served.ask(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1001\r\n\r\n").status == 413


def test_sixty_four_descriptors_are_enough() -> None:
    """A flood of connections to a process that may open 64 files neither kills it nor takes its files."""
    with shipped(descriptors=64, header_seconds=1) as served:
        friend = served.client()
        assert friend.ask(get("/livez")).status == 200
        flood = [Client(served.address) for _ in range(200)]
        for _ in range(5):
            answer = friend.ask(get("/descriptors"))
            assert answer.status == 200
            assert answer.json() < 60
            time.sleep(0.05)
        assert _answers_again(served)
        for each in (friend, *flood):
            each.close()


def _answers_again(served: Process) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(OSError, IndexError):
            if served.ask(get("/livez")).status == 200:
                return True
        time.sleep(0.1)
    return False
