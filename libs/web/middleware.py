"""Pure ASGI middleware: each class does one thing around the application.

Starlette's `BaseHTTPMiddleware` is not used: it more than halves the throughput and cuts the
context variables of a request in two.
"""

import asyncio
import time

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.web import context
from libs.web.lifecycle import Lifecycle
from libs.web.metrics import Metrics
from libs.web.problems import problem_response

_log = structlog.get_logger("libs.web")

_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NOT_STORED = (b"cache-control", b"no-store")
_STRICT_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return None


class RequestIdentity:
    """Give the request its id and trace, and every answer the id, and say when we drain."""

    def __init__(self, app: ASGIApp, lifecycle: Lifecycle) -> None:
        self.app = app
        self.lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        identity = context.enter(_header(scope, b"x-request-id"), _header(scope, b"traceparent"))

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"x-request-id", identity.request_id.encode("ascii"))]
                if self.lifecycle.draining:
                    # The client opens its next connection elsewhere, so that none is cut.
                    extra.append((b"connection", b"close"))
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        await self.app(scope, receive, send_named)


class SecurityHeaders:
    """Headers that a browser must see; an answer's own Cache-Control or policy is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _hardened(message.get("headers", ()))
            await send(message)

        await self.app(scope, receive, send_hardened)


def _hardened(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {name for name, _ in headers}
    defaults = [each for each in (_NOT_STORED, _STRICT_POLICY) if each[0] not in present]
    return [*headers, *_SECURITY_HEADERS, *defaults]


class Observation:
    """Count and time each request; log it when it failed, or always when asked to."""

    def __init__(self, app: ASGIApp, metrics: Metrics, *, access_log: bool) -> None:
        self.app = app
        self.metrics = metrics
        self.access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_observed)
        finally:
            seconds = time.perf_counter() - started
            self.metrics.observe(scope, status=status, seconds=seconds)
            if status >= 500 or self.access_log:
                self._record(scope, status, seconds)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        level = _log.error if status >= 500 else _log.info
        level(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 2),
        )


class FaultBarrier:
    """Answer 500 to a crash and 503 to a handler that takes too long, and log either.

    Once an answer has begun nothing can be said any more: the error goes on to the server, which
    closes the connection.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_marked(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            async with asyncio.timeout(self.seconds):
                await self.app(scope, receive, send_marked)
        except TimeoutError:
            _log.error("request took too long", path=scope["path"], seconds=self.seconds)
            if started:
                raise
            answer = problem_response(503, detail="The request took too long.")
        except Exception:
            _log.exception("request crashed", path=scope["path"])
            if started:
                raise
            answer = problem_response(500, detail="The error was logged under this request id.")
        else:
            return
        await answer(scope, receive, send)


class BodyLimit:
    """Refuse a body that says it is too long before reading it, any other when it gets too long."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        announced = _header(scope, b"content-length")
        if announced is not None and _exceeds(announced, self.limit):
            answer = problem_response(413, detail=self._sentence(), headers={"Connection": "close"})
            await answer(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise HTTPException(413, self._sentence(), {"Connection": "close"})
            return message

        await self.app(scope, receive_counted, send)

    def _sentence(self) -> str:
        return f"A body may have {self.limit} bytes."


def _exceeds(announced: bytes, limit: int) -> bool:
    return not announced.isdigit() or len(announced) > 15 or int(announced) > limit
