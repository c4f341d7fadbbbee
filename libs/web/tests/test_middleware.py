"""What happens around every request."""

import re

import pytest
from fastapi import APIRouter, FastAPI

from libs.web.settings import WebSettings
from libs.web.testing import running
from libs.web.tests.application import application

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_a_well_formed_request_id_is_kept() -> None:
    """The caller's id ties our log to theirs."""
    async with running(application()) as client:
        answer = await client.get("/livez", headers={"X-Request-ID": "order-1.a_B"})
    assert answer.headers["x-request-id"] == "order-1.a_B"


@pytest.mark.parametrize("sent", ["", "x" * 65, "two words", "ä", "a;b", '"'])
async def test_any_other_request_id_is_replaced(sent: str) -> None:
    """Nothing odd gets into our logs that way."""
    async with running(application()) as client:
        answer = await client.get("/livez", headers={b"X-Request-ID": sent.encode()})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_every_answer_has_the_security_headers() -> None:
    """Good answers and bad ones, and nothing is kept by a cache unless its route says so."""
    async with running(application()) as client:
        for path in ("/livez", "/nowhere", "/crash"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["cache-control"] == "no-store"
            assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_a_draining_service_sends_clients_away() -> None:
    """Each answer closes its connection."""
    app = application()
    async with running(app) as client:
        assert "connection" not in (await client.get("/livez")).headers
        app.state.lifecycle.draining = True
        assert (await client.get("/livez")).headers["connection"] == "close"


@pytest.mark.parametrize("length", ["1025", "x", "-1", "1e3", "9" * 30])
async def test_a_body_that_says_it_is_too_long_is_not_read(length: str) -> None:
    """The length is refused before the first byte."""

    async def never() -> object:
        raise AssertionError("the body was read")
        yield b""

    async with running(application(WebSettings(max_body_bytes=1024))) as client:
        headers = {"Content-Length": length, "Content-Type": "application/json"}
        answer = await client.post("/echo", content=never(), headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


async def test_browsers_may_not_call_from_elsewhere_by_default() -> None:
    """No origin is allowed until one is named, and then that one alone."""
    preflight = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "POST"}
    async with running(application()) as client:
        assert (await client.options("/echo", headers=preflight)).status_code == 405
    async with running(application(WebSettings(cors_origins=("https://shop.example.com",)))) as client:
        allowed = await client.options("/echo", headers=preflight)
        refused = await client.options("/echo", headers=preflight | {"Origin": "https://evil.example.com"})
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert "access-control-allow-credentials" not in allowed.headers
    assert refused.status_code == 400


async def test_requests_are_counted_by_route_and_not_by_path() -> None:
    """Unknown paths share one label, so nobody can fill the memory with names."""
    async with running(application()) as client:
        for path in ("/livez", "/teapot", "/a", "/b"):
            await client.get(path)
        text = (await client.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="/livez",status="200"} 1.0' in text
    assert 'http_requests_total{method="GET",route="/teapot",status="418"} 1.0' in text
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in text


def test_the_framework_puts_nothing_new_around_its_routes() -> None:
    """Ours stands in the place of all of this; whatever a newer framework adds is looked at before it is left out."""
    stack, names = FastAPI().build_middleware_stack(), []
    while not isinstance(stack, APIRouter):
        names.append(type(stack).__name__)
        stack = stack.app  # type: ignore[attr-defined]
    assert names == [
        "ServerErrorMiddleware",
        "ExceptionTelemetryMiddleware",
        "AppBodyLimitMiddleware",
        "ExceptionMiddleware",
        "AsyncExitStackMiddleware",
    ]
