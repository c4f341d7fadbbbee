"""Pure ASGI middleware: each class does one thing around the application.

Starlette's `BaseHTTPMiddleware` is not used: it more than halves the throughput and cuts the
context variables of a request in two.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.web import context, exchange
from libs.web.body_limit import BodyLimit
from libs.web.deadline import Deadline, Deadlines
from libs.web.exchange import Exchange
from libs.web.lifecycle import Lifecycle
from libs.web.observer import Observer
from libs.web.problems import problem_response

Handler = Callable[[Request, Any], Response | Awaitable[Response]]
Handlers = Mapping[Any, Handler]

_log = structlog.get_logger("libs.web")


class Envelope:
    """Around all the rest: gives the request its id, its answer what every answer has, and observes both."""

    def __init__(self, app: ASGIApp, lifecycle: Lifecycle, *, observer: Observer) -> None:
        self.app = app
        self.lifecycle = lifecycle
        self.observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        received_id = next((value for name, value in scope["headers"] if name == b"x-request-id"), None)
        passing = Exchange(context.enter(received_id), send, self.lifecycle)
        exchange.put(scope, passing)
        try:
            await self.app(scope, receive, passing.send)
        finally:
            seconds = time.perf_counter() - began
            self.observer.observe(scope, status=passing.status, seconds=seconds)


class FaultBarrier:
    """Answer every error: as its handler says, 500 to a crash, 503 where it takes too long; give a body its limit.

    Once an answer has begun nothing can be said any more: the error goes on to the server, which
    closes the connection.
    """

    def __init__(self, app: ASGIApp, *, handlers: Handlers, seconds: float, body_limit: BodyLimit) -> None:
        """`handlers` are the application's, by class of error or status, as Starlette has them."""
        self.app = app
        self.handlers = handlers
        self.deadlines = Deadlines(seconds)
        self.body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        deadline = Deadline(self.deadlines)
        try:
            await self.app(scope, self.body_limit.kept(scope, receive), send)
        except asyncio.CancelledError:
            if not deadline.end():
                raise
            _log.error("request took too long", path=scope["path"], seconds=self.deadlines.seconds)
            if exchange.of(scope).status:
                raise TimeoutError from None
            answer = problem_response(503, detail="The request took too long.")
        except Exception as error:  # noqa: BLE001  # there is an answer to each
            deadline.end()
            answer = await self._answer(scope, error)
        else:
            deadline.end()
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, error: Exception) -> Response:
        has_begun = bool(exchange.of(scope).status)
        if not has_begun and (handler := self._handler(error)):
            try:
                answer = handler(Request(scope), error)
                return await answer if isinstance(answer, Awaitable) else answer
            except Exception as crash:  # noqa: BLE001  # a handler may crash as all code may
                error = crash
        _log.error("request crashed", path=scope["path"], exc_info=error)
        if has_begun:
            raise error
        return problem_response(500, detail="The error was logged under this request id.")

    def _handler(self, error: Exception) -> Handler | None:
        statuses = [error.status_code] if isinstance(error, HTTPException) else []
        return next((self.handlers[key] for key in (*statuses, *type(error).__mro__) if key in self.handlers), None)
