"""HEAD is answered as GET, without content (RFC 9110, section 9.3.2)."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.web.head import HeadMiddleware
from libs.web.settings import WebSettings
from libs.web.testing import running
from libs.web.tests.application import application


class _Recorder:
    """Keeps the scope of the last request as it is after the response."""

    def __init__(self, app: ASGIApp, scopes: list[Scope]) -> None:
        self.app = app
        self.scopes = scopes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await self.app(scope, receive, send)


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """An application with the middleware."""
    app = application(WebSettings(docs=True))
    app.add_middleware(HeadMiddleware)
    async with running(app) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/docs", "/docs/swagger-ui.css", "/openapi.json", "/nowhere"])
async def test_head_is_answered_as_get(client: httpx2.AsyncClient, path: str) -> None:
    """The status and the headers are the same, Content-Length too, and there is no content."""
    got, asked = await client.get(path), await client.head(path)
    assert asked.content == b""
    assert asked.status_code == got.status_code
    for headers in (got.headers, asked.headers):
        del headers["x-request-id"]
    # The document of an error holds the id of the request, which has always the same length.
    assert asked.headers == got.headers


async def test_head_on_a_path_without_get_is_not_allowed(client: httpx2.AsyncClient) -> None:
    """`Allow` names HEAD where it names GET, and nowhere else (RFC 9110, section 15.5.6)."""
    head, post, deleted = await client.head("/echo"), await client.post("/livez"), await client.delete("/echo")
    assert [answer.status_code for answer in (head, post, deleted)] == [405] * 3
    assert head.content == b""
    assert [answer.headers["allow"] for answer in (head, post, deleted)] == ["POST", "GET, HEAD", "POST"]


@pytest.mark.parametrize(("method", "content"), [("GET", b"onetwo"), ("HEAD", b"")])
async def test_no_content_reaches_the_server(method: str, content: bytes) -> None:
    """For HEAD no content is sent; this is checked in ASGI, since HTTP clients drop the content of HEAD."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    app = FastAPI()
    app.add_middleware(HeadMiddleware)
    app.add_api_route("/stream", lambda: StreamingResponse(pieces()))
    app.add_api_route("/whole", lambda: Response("onetwo"))
    for path in ("/stream", "/whole"):
        messages = await _messages(app, method, path)
        assert messages[0]["status"] == 200
        assert b"".join(message["body"] for message in messages[1:]) == content
        assert not messages[-1].get("more_body", False)


async def _messages(app: ASGIApp, method: str, path: str) -> list[Message]:
    """Return what the application sends to the server."""
    sent: list[Message] = []

    async def receive() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": []}
    await app(scope | {"query_string": b"", "root_path": "", "http_version": "1.1", "scheme": "http"}, receive, send)
    return sent


async def test_middleware_further_outside_sees_head_and_the_route() -> None:
    """Metrics and logs count the method that the client sent, under the route that the router found."""
    scopes: list[Scope] = []
    app = application()
    app.add_middleware(HeadMiddleware)
    app.add_middleware(_Recorder, scopes=scopes)
    async with running(app) as client:
        await client.head("/livez")
    assert scopes[-1]["method"] == "HEAD"
    assert scopes[-1]["route"].path == "/livez"
