"""Pure ASGI middleware around every request.

Starlette's `BaseHTTPMiddleware` is not used: it runs the application in another task, which hides context variables
from the middleware, and costs half the throughput.
"""

import asyncio

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.web import context
from libs.web.disconnect import DisconnectWatch
from libs.web.lifecycle import Lifecycle
from libs.web.problems import problem_response

_log = structlog.get_logger("libs.web")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Headers of every response that does not set its own value."""


class RequestContextMiddleware:
    """Set `libs.web.context.current()` and answer with the request's id, the caller's `X-Request-ID` or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        watch = DisconnectWatch(receive, scope["headers"])
        request = context.enter(scope["headers"], watch)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request.request_id
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                request.is_over = True
            await send(message)

        try:
            await self.app(scope, watch.receive, send_with_id)
        finally:
            request.is_over = True
            watch.close()


class ResponseHeadersMiddleware:
    """Add security headers, and `Connection: close` while the service is draining."""

    def __init__(self, app: ASGIApp, *, lifecycle: Lifecycle) -> None:
        self.app = app
        self._lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if self._lifecycle.draining:
                    # The client opens its next connection elsewhere, so no request is lost when this one closes.
                    headers["Connection"] = "close"
            await send(message)

        await self.app(scope, receive, send_with_headers)


class ErrorMiddleware:
    """Answer unexpected errors with 500 and requests that take too long with 503, both as problem documents.

    Once a response has begun, an error closes the connection.
    """

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        """`seconds` is the time that the application has for its response once the body has arrived."""
        self.app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        response = _Response(scope, receive, send)
        limit = asyncio.timeout(self._seconds)

        async def receive_in_time() -> Message:
            message = await receive()
            if message.get("more_body"):
                # While the body arrives, the server's limit holds: move this one.
                limit.reschedule(asyncio.get_running_loop().time() + self._seconds)
            return message

        try:
            async with limit:
                await self.app(scope, receive_in_time, response.send)
        except asyncio.CancelledError:
            await response.answer(503, "The server stops.")
            raise
        except ClientDisconnect:
            await response.answer(400, "The body ended too early.")
        except Exception as error:
            if limit.expired():
                _log.error("request took too long", path=scope["path"], seconds=self._seconds)
                await response.answer(503, "The request took too long.")
            else:
                _log.error("request crashed", path=scope["path"], exc_info=error)
                await response.answer(500, "The error was logged under this request id.")
            if not response.is_answered:
                # The server closes the connection.
                raise


class PlainTextErrorMiddleware:
    """Answer plain text errors of Starlette, such as its 413 and those of its CORS middleware, as problem documents."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and message["status"] >= 400:
                headers = MutableHeaders(scope=message)
                is_replaced = headers.get("content-type", "").startswith("text/plain")
                if is_replaced:
                    kept = {name: value for name, value in headers.items() if not name.startswith("content-")}
                    await problem_response(message["status"], headers=kept)(scope, receive, send)
            if not is_replaced:
                await send(message)

        await self.app(scope, receive, send_problem)


class _Response:
    """The response of one request.

    Attributes:
        is_answered: whether `answer` sent the response.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.is_answered = False
        self._has_begun = False
        self._scope = scope
        self._receive = receive
        self._send = send

    async def answer(self, status: int, detail: str) -> None:
        """Send a problem document, unless the response has begun."""
        if not self._has_begun:
            self.is_answered = True
            await problem_response(status, detail=detail)(self._scope, self._receive, self._send)

    async def send(self, message: Message) -> None:
        """ASGI's `send`."""
        if message["type"] == "http.response.start":
            self._has_begun = True
        await self._send(message)
