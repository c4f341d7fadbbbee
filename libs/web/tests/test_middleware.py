"""The middleware of every request: ids, security headers, limits, metrics."""

import asyncio
import re

import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from libs.web.host_policy import ForwardedHeadersMiddleware
from libs.web.lifecycle import Lifecycle
from libs.web.settings import WebSettings
from libs.web.testing import registered, running
from libs.web.tests.application import application

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_a_well_formed_request_id_is_kept() -> None:
    """A well-formed request id of the caller is used in the log and the response."""
    async with running(application()) as client:
        answer = await client.get("/livez", headers={"X-Request-ID": "order-1.a_B"})
    assert answer.headers["x-request-id"] == "order-1.a_B"


@pytest.mark.parametrize("sent", ["", "x" * 65, "two words", "ä", "a;b", '"'])
async def test_any_other_request_id_is_replaced(sent: str) -> None:
    """A malformed request id is replaced, so that it does not get into the logs."""
    async with running(application()) as client:
        answer = await client.get("/livez", headers={b"X-Request-ID": sent.encode()})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_every_answer_has_the_security_headers() -> None:
    """Successes and errors have security headers, and `no-store` unless the route sets another value."""
    async with running(application()) as client:
        for path in ("/livez", "/nowhere", "/crash"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["cache-control"] == "no-store"
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_a_draining_service_sends_clients_away() -> None:
    """While the service drains, each response has `Connection: close`."""
    app = application()
    async with running(app) as client:
        assert "connection" not in (await client.get("/livez")).headers
        registered(app, Lifecycle).draining = True
        assert (await client.get("/livez")).headers["connection"] == "close"


@pytest.mark.parametrize("length", ["1025", "9" * 30])
async def test_a_body_that_says_it_is_too_long_is_not_read(length: str) -> None:
    """A Content-Length over the limit is rejected before the body is read."""

    async def never() -> object:
        raise AssertionError("the body was read")
        yield b""

    async with running(application(WebSettings(max_body_bytes=1024))) as client:
        headers = {"Content-Length": length, "Content-Type": "application/json"}
        answer = await client.post("/echo", content=never(), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_browsers_may_not_call_from_elsewhere_by_default() -> None:
    """By default no origin is allowed; with the setting, only the given origin."""
    preflight = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "POST"}
    async with running(application()) as client:
        assert (await client.options("/echo", headers=preflight)).status_code == 405
    async with running(application(WebSettings(cors_origins=("https://shop.example.com",)))) as client:
        allowed = await client.options("/echo", headers=preflight)
        refused = await client.options("/echo", headers=preflight | {"Origin": "https://evil.example.com"})
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert "access-control-allow-credentials" not in allowed.headers
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["status"] == 400
    assert int(refused.headers["content-length"]) == len(refused.content)


async def test_requests_are_counted_by_route_and_not_by_path() -> None:
    """Unknown paths share one label, so that requests cannot fill the memory with label values."""
    async with running(application()) as client:
        for path in ("/livez", "/teapot", "/a", "/b"):
            await client.get(path)
        text = (await client.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="/livez",status="200"} 1.0' in text
    assert 'http_requests_total{method="GET",route="/teapot",status="418"} 1.0' in text
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in text


async def _send_body(app: FastAPI, *pieces: bytes, pause: float = 0.0, is_whole: bool = True) -> list[Message]:
    """Call `POST /echo` with a body in pieces, the last of which may be missing, and return what was sent back."""
    sent: list[Message] = []
    waiting: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting.append({"type": "http.request", "body": b""} if is_whole else {"type": "http.disconnect"})

    async def receive() -> Message:
        await asyncio.sleep(pause)
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"test"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/echo", "query_string": b"", "client": ("127.0.0.1", 1)}
    await app(scope | {"headers": headers}, receive, send)
    return sent


async def test_a_client_that_goes_away_is_no_error_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """A request whose client disconnects is counted as 400 and not logged."""
    sent = await _send_body(application(), b"{", is_whole=False)
    assert sent[0]["status"] == 400
    assert "crashed" not in "".join(capsys.readouterr())


async def test_a_slow_body_is_not_cut_off_by_the_time_for_the_answer() -> None:
    """The time limit of a handler starts after the body has arrived; the server limits the time of the body."""
    app = application(WebSettings(request_seconds=0.3))
    sent = await _send_body(app, b'{"name"', b": ", b'"x"', b"}", pause=0.15)
    assert sent[0]["status"] == 200


async def test_an_ipv4_client_of_an_ipv6_socket_is_known_by_its_ipv4_address() -> None:
    """A trusted proxy is trusted under either form of its address."""
    seen: list[object] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["client"][0])

    trusting = ForwardedHeadersMiddleware(app, trusted_proxies=["127.0.0.1"])
    scope = {"type": "http", "client": ("::ffff:127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    await trusting(scope, None, None)  # type: ignore[arg-type]  # the application takes neither
    assert seen == ["203.0.113.9"]
