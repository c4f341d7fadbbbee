"""The shipped entry point: uvicorn, stopped gracefully.

On SIGTERM a service first says that it is not ready while it goes on answering, each answer with
`Connection: close`, so that load balancers and clients move away; then it takes no new
connections, finishes what is in flight and exits 0. On SIGINT (Ctrl-C) it leaves out the wait. A
second signal ends the process at once.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator

import structlog
import uvicorn
from fastapi import FastAPI

from libs.web.errors import PortTaken
from libs.web.lifecycle import Lifecycle
from libs.web.logs import configure_logging
from libs.web.settings import WebSettings

_log = structlog.get_logger("libs.web")
_BACKLOG = 2048


def serve(app: FastAPI, settings: WebSettings) -> int:
    """Serve until a signal says stop; the exit code.

    Raises:
        PortTaken: somebody else listens there.
    """
    configure_logging(settings.log_level, settings.log_format)
    with listen(settings.host, settings.port) as listener:
        _log.info("serving", title=app.title, address=_address(listener))
        server = Server(_config(app, settings), app.state.lifecycle, settings)
        server.run(sockets=[listener])
    return 0 if server.started else 1


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, taken before anything is opened, so that a taken port is said first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(host, port) from error
    return listener


def _config(app: FastAPI, settings: WebSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        limit_concurrency=settings.max_connections,
        timeout_graceful_shutdown=round(settings.stop_seconds),
        backlog=_BACKLOG,
    )


class Server(uvicorn.Server):
    """uvicorn with our answer to signals."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, settings: WebSettings) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = settings.drain_seconds

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals inside the loop, and do not raise them again: stopping is success."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop, self._drain_seconds)
        loop.add_signal_handler(signal.SIGINT, self._stop, 0.0)
        yield

    def _stop(self, drain_seconds: float) -> None:
        if self._lifecycle.draining:
            os._exit(1)
        self._lifecycle.draining = True
        _log.info("stopping", drain_seconds=drain_seconds)
        asyncio.get_running_loop().call_later(drain_seconds, self._close)

    def _close(self) -> None:
        self.should_exit = True


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{host}:{port}"
