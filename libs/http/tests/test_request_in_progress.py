"""Properties that a call has from the request in progress: deadline, trace, id, token, and the end of its client."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

import httpx2
import pytest
import uvicorn
from fastapi import APIRouter, FastAPI
from svcs import Registry

from libs.http.credentials import Credentials
from libs.http.errors import CallerDisconnected, DeadlineExceeded
from libs.http.problems import PROBLEMS
from libs.http.tests.clients import client_of
from libs.http.tests.fake_peer import FakePeer, closed_port, fake_peer
from libs.web.app import ServiceDefinition, create_app
from libs.web.injection import injected
from libs.web.settings import WebSettings
from libs.web.testing import running

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

router = APIRouter()
Client = Annotated[httpx2.AsyncClient, injected(httpx2.AsyncClient)]
Errors = Annotated[asyncio.Queue[BaseException], injected(asyncio.Queue)]


@router.get("/call/{path}")
async def call(path: str, client: Client, errors: Errors) -> int:
    """Call the peer."""
    try:
        return (await client.get(f"/{path}")).status_code
    except BaseException as error:
        errors.put_nowait(error)
        raise


@router.post("/call/{path}")
async def call_with_body(path: str, body: list[int], client: Client, errors: Errors) -> int:
    """Call the peer after the body was read."""
    assert body
    return await call(path, client, errors)


def application(
    peer: FakePeer | str,
    errors: asyncio.Queue[BaseException],
    *,
    seconds: float = 2.0,
    credentials: Credentials = Credentials.NONE,
) -> FastAPI:
    """Return a service that calls the peer."""

    @asynccontextmanager
    async def lifespan(_: FastAPI, registry: Registry) -> AsyncIterator[None]:
        async with client_of(peer, seconds=seconds, credentials=credentials) as client:
            # No ping: an unreachable peer does not make a service unready.
            registry.register_value(httpx2.AsyncClient, client)
            registry.register_value(asyncio.Queue, errors)
            yield

    return create_app(WebSettings(), ServiceDefinition("Test service", [router], lifespan, problems=PROBLEMS))


async def sent_headers(
    headers: dict[str, str] | Sequence[tuple[str, str]], credentials: Credentials = Credentials.NONE
) -> dict[str, str]:
    """Return the headers of the call that a request with these headers causes."""
    async with fake_peer() as peer, running(application(peer, asyncio.Queue(), credentials=credentials)) as client:
        await client.get("/call/ok", headers=headers)
        return peer.headers.get("/ok", {})


async def test_the_rest_of_the_deadline_is_handed_on() -> None:
    """If the client waits for one second, the call sends the rest of that second to the peer."""
    sent = await sent_headers({"X-Request-Timeout-Ms": "1000"})
    assert 0 < int(sent["x-request-timeout-ms"]) <= 1000


@pytest.mark.parametrize("value", ["60000", "", "-1", "1.5", "soon", "1e3", "9" * 10, "٣"])
async def test_no_header_extends_the_limit_of_the_service(value: str) -> None:
    """A longer deadline does not extend the limit of the service, and malformed headers are ignored."""
    sent = await sent_headers([("X-Request-Timeout-Ms", value)] if value.isascii() else [])
    assert 1000 < int(sent["x-request-timeout-ms"]) <= 2000


async def test_a_repeated_header_is_ignored() -> None:
    """A deadline header that occurs twice is ignored."""
    sent = await sent_headers([("X-Request-Timeout-Ms", "500"), ("X-Request-Timeout-Ms", "600")])
    assert int(sent["x-request-timeout-ms"]) > 1000


async def test_a_call_after_the_deadline_is_not_sent() -> None:
    """After the deadline no call is sent, since nothing waits for its response."""
    errors: asyncio.Queue[BaseException] = asyncio.Queue()
    async with fake_peer() as peer, running(application(peer, errors)) as client:
        response = await client.get("/call/ok", headers={"X-Request-Timeout-Ms": "0"})
        assert response.status_code == 504
        assert isinstance(errors.get_nowait(), DeadlineExceeded)
        assert not peer.requests


async def test_a_call_ends_at_the_deadline_of_the_client() -> None:
    """With a peer that hangs, the call ends at the client's deadline, not at the service's limit of a minute."""
    errors: asyncio.Queue[BaseException] = asyncio.Queue()
    async with fake_peer() as peer, running(application(peer, errors, seconds=60)) as client:
        response = await asyncio.wait_for(client.get("/call/hang", headers={"X-Request-Timeout-Ms": "200"}), 10)
        assert response.status_code == 504
        assert isinstance(errors.get_nowait(), DeadlineExceeded)


async def test_request_id_and_trace_are_handed_on() -> None:
    """With tracing off, request id and trace headers are passed on unchanged."""
    sent = await sent_headers({"X-Request-ID": "r-1", "traceparent": TRACEPARENT, "tracestate": "a=1"})
    assert (sent["x-request-id"], sent["traceparent"], sent["tracestate"]) == ("r-1", TRACEPARENT, "a=1")


@pytest.mark.parametrize("value", [TRACEPARENT + "-more", TRACEPARENT[:-3], f"ff{TRACEPARENT[2:]}", "x"])
async def test_a_malformed_trace_is_not_handed_on(value: str) -> None:
    """A malformed `traceparent` is not passed on, nor is `tracestate` (W3C Trace Context, section 3.2)."""
    sent = await sent_headers({"traceparent": value, "tracestate": "a=1"})
    assert sent
    assert not {"traceparent", "tracestate"} & set(sent)


async def test_the_callers_token_is_handed_on_when_asked_for() -> None:
    """The caller's token is passed on only if the peer is configured with it."""
    headers = {"Authorization": "Bearer abc"}
    assert (await sent_headers(headers, Credentials.CALLER))["authorization"] == "bearer abc"
    assert "authorization" not in await sent_headers(headers)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic abc"}])
async def test_without_a_callers_token_nothing_is_sent(headers: dict[str, str]) -> None:
    """Without a caller's token, the call raises CredentialsUnavailable."""
    assert await sent_headers(headers, Credentials.CALLER) == {}


async def test_a_dead_peer_does_not_make_a_service_unready() -> None:
    """A peer that is down does not affect readiness, or it would take all its callers out of the load balancer."""
    async with running(application(f"http://127.0.0.1:{closed_port()}", asyncio.Queue())) as client:
        assert (await client.get("/call/ok")).status_code == 503
        assert (await client.get("/readyz")).status_code == 200


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """Serve on a free port by uvicorn; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


@pytest.mark.parametrize(
    "head",
    [
        b"GET /call/hang HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /call/hang HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        b"POST /call/hang HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]",
    ],
)
async def test_a_client_that_disconnects_ends_the_call(head: bytes) -> None:
    """When the client disconnects, the connection to the peer is closed and the handler gets an error."""
    errors: asyncio.Queue[BaseException] = asyncio.Queue()
    async with fake_peer() as peer, served(application(peer, errors, seconds=60)) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        await asyncio.wait_for(peer.hanging.wait(), 10)
        writer.close()
        assert await asyncio.wait_for(peer.abandoned.get(), 10) == "/hang"
        assert isinstance(await asyncio.wait_for(errors.get(), 10), CallerDisconnected)
