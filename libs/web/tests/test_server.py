"""The shipped entry point: its settings, its limits and its behaviour in a flood of connections."""

import contextlib
import json
import socket
import time

import pytest
from pydantic import ValidationError

from libs.web.errors import PortTaken
from libs.web.server import listen, policy_of
from libs.web.settings import WebSettings
from libs.web.tests.processes import Process, shipped
from libs.web.tests.serving import Client

HOST = b"Host: 127.0.0.1\r\n"
# A client may write the first entry itself; a proxy appends the last.
FORWARDED = b"X-Forwarded-For: 1.1.1.1, 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\r\n"


def get(path: str) -> bytes:
    """A request."""
    return b"GET %s HTTP/1.1\r\n%s\r\n" % (path.encode(), HOST)


def test_settings_reach_the_server() -> None:
    """Every limit that is a setting is the limit of the protocol."""
    policy = policy_of(WebSettings(header_seconds=1, body_seconds=2, max_connections=4))
    assert (policy.header_seconds, policy.body_seconds, policy.connections) == (1, 2, 4)


def test_taken_port_is_refused() -> None:
    """A second server on a port ends with an error message."""
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken):
        listen("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [([], ["127.0.0.1", "http"]), (["10.0.0.0/8"], ["127.0.0.1", "http"]), (["127.0.0.1"], ["6.6.6.6", "https"])],
    ids=["nobody", "another", "the peer"],
)
def test_client_is_who_a_named_proxy_says(proxies: list[str], seen: list[str]) -> None:
    """X-Forwarded-* is accepted from the proxies in the settings; the default is none."""
    with shipped(trusted_proxies=json.dumps(proxies), drain_seconds=0) as served:
        answer = served.ask(b"GET /client HTTP/1.1\r\n" + HOST + FORWARDED)
        assert answer.json() == seen
        served.stop()
        assert served.status() == 0


def test_the_shipped_server_is_hardened() -> None:
    """A service's server uses the hardened protocol with the limits of the settings."""
    with shipped(max_body_bytes=1000) as served:
        assert served.ask(b"GET / HTTP/1.1\r\n\r\n").status == 400
        assert served.ask(b"POST /files HTTP/1.1\r\n" + HOST + b"Content-Length: 1001\r\n\r\n").status == 413


def test_sixty_four_descriptors_are_enough() -> None:
    """With a limit of 64 descriptors, a flood of connections neither ends the process nor uses up its descriptors."""
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


def test_metrics_have_a_port_of_their_own() -> None:
    """The metrics port accepts any Host and has the server's limits; the main port does not serve metrics."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with shipped(metrics_port=port, allowed_hosts="api.example.org", header_seconds=1, drain_seconds=0) as served:
        metrics = Client(("127.0.0.1", port))
        answer = metrics.ask(b"GET /metrics HTTP/1.1\r\nHost: 10.0.0.7:9090\r\n\r\n")
        assert answer.status == 200
        assert b"http_requests_total" in answer.body
        metrics.close()
        assert served.ask(b"GET /metrics HTTP/1.1\r\nHost: api.example.org\r\n\r\n").status == 404
        slow = Client(("127.0.0.1", port))
        slow.send(b"GET /metr")
        assert slow.answer().status == 408
        slow.close()
        served.stop()
        assert served.status() == 0


def test_both_ports_cannot_be_one() -> None:
    """The error for equal ports names both settings."""
    with pytest.raises(ValidationError, match="METRICS_PORT and PORT are both 8000"):
        WebSettings(port=8000, metrics_port=8000)
