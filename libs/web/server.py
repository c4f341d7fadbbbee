"""The server of a service: uvicorn with limits on clients and a graceful stop.

On SIGTERM the service reports that it is not ready, and continues to answer for a grace period, each response with
`Connection: close`, so that load balancers and clients stop using it. Then it closes its listener, finishes the
requests that it has received and ends with exit code 0. SIGINT (Ctrl-C) skips the grace period. A second signal ends
the process at once.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Iterator
from http import HTTPStatus
from types import FrameType
from typing import Literal

import structlog
import svcs
import svcs.fastapi
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, make_asgi_app
from starlette.types import ASGIApp

from libs.web.errors import ListenError
from libs.web.http_protocol import protocol_class
from libs.web.instrumentation import HttpMetrics
from libs.web.lifecycle import Lifecycle
from libs.web.logs import configure_logging
from libs.web.server_policy import ServerPolicy
from libs.web.settings import WebSettings

_log = structlog.get_logger("libs.web")
_BACKLOG = 2048


def serve(app: FastAPI, settings: WebSettings) -> int:
    """Serve until a signal stops the server, and return the exit code.

    Raises:
        ListenError: the address cannot be bound.
        UnsupportedServerVersion: the hardened protocol was not tested with the installed uvicorn.
    """
    configure_logging(settings.log_level, settings.log_format)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(settings.host, settings.port))
        server = GracefulServer(app, settings)
        if settings.metrics_port is not None:
            server.metrics_listener = stack.enter_context(listen(settings.host, settings.metrics_port))
        _log.info("serving", title=app.title, address=_address(listener))
        server.run(sockets=[listener])
    # The lifespan sets `should_exit` when its start or its end fails.
    return 0 if server.started and not server.lifespan.should_exit else 1


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket. It is bound before anything is opened, so that a taken port is reported first.

    Raises:
        ListenError: the address cannot be bound; the class of the error is the reason.
    """
    with contextlib.ExitStack() as on_error:
        try:
            listener = on_error.enter_context(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
        except (OSError, UnicodeError) as error:
            raise ListenError.of(host, port, error) from error
        on_error.pop_all()
    return listener


class GracefulServer(uvicorn.Server):
    """uvicorn's server, which drains before it stops.

    Attributes:
        metrics_listener: socket on which the metrics are served; None for none.
    """

    def __init__(self, app: FastAPI, settings: WebSettings, policy: ServerPolicy | None = None) -> None:
        """Use `policy` instead of the limits of the settings, if given."""
        self.metrics_listener: socket.socket | None = None
        self._app = app
        self._settings = settings
        self._policy = policy or policy_of(settings)
        self._is_stopping = False
        super().__init__(self._config(app, lifespan="on"))

    def _config(self, app: ASGIApp, *, lifespan: Literal["on", "off"]) -> uvicorn.Config:
        settings = self._settings
        is_hardened = settings.hardening == "on"
        hardened = protocol_class(self._policy, on_rejection=self._count_rejection) if is_hardened else None
        return uvicorn.Config(
            app,
            loop="uvloop",
            http=hardened or "httptools",
            ws="none",
            lifespan=lifespan,
            log_config=None,
            access_log=False,
            server_header=False,
            # ForwardedHeadersMiddleware does this, under every server.
            proxy_headers=False,
            timeout_keep_alive=max(1, round(settings.idle_seconds)),
            timeout_graceful_shutdown=round(settings.stop_seconds),
            backlog=_BACKLOG,
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the server, and the one for metrics if they have a separate port."""
        await super().startup(sockets)
        if self.metrics_listener is not None:
            metrics = make_asgi_app(await self._services().aget(CollectorRegistry))
            self._metrics = _MetricsServer(self._config(metrics, lifespan="off"))
            self._serving_metrics = asyncio.create_task(self._metrics.serve(sockets=[self.metrics_listener]))
        # Keep the objects that imports made out of later collections, which would take 50 to 150 ms each.
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop both servers."""
        if self.metrics_listener is not None:
            self._metrics.should_exit = True
        await super().shutdown(sockets)
        if self.metrics_listener is not None:
            await self._serving_metrics

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # uvicorn's own
        """Begin to drain on the first signal, end at once on the second."""
        if self._is_stopping:
            # The kernel ignores a signal that the first process of a container sends to itself.
            os._exit(128 + sig)
        self._is_stopping = True
        seconds = self._settings.drain_seconds if sig == signal.SIGTERM and self.started else 0.0
        if self.started:
            asyncio.get_running_loop().call_soon_threadsafe(self._drain, seconds)
        else:
            self.should_exit = True

    def _drain(self, seconds: float) -> None:
        self._services().get(Lifecycle).draining = True
        _log.info("stopping", grace_seconds=seconds)
        asyncio.get_running_loop().call_later(seconds, setattr, self, "should_exit", True)

    def _count_rejection(self, status: HTTPStatus) -> None:
        self._services().get(HttpMetrics).count_rejection(status)

    def _services(self) -> svcs.Container:
        return svcs.Container(svcs.fastapi.get_registry(self._app))


class _MetricsServer(uvicorn.Server):
    """Serves the metrics beside the application's server, which handles the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def policy_of(settings: WebSettings) -> ServerPolicy:
    """Return the limits of the settings."""
    return ServerPolicy(
        header_seconds=settings.header_seconds,
        body_seconds=settings.body_seconds,
        connections=settings.max_connections,
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{host}:{port}"
