"""The shipped entry point: uvicorn behind a guard, stopped gracefully."""

import contextlib
import socket
from collections.abc import Mapping
from http import HTTPStatus

import structlog
import uvicorn
from fastapi import FastAPI

from libs.web.drain import DrainingServer
from libs.web.errors import ListenError
from libs.web.guard import Gate
from libs.web.lifecycle import Lifecycle
from libs.web.limits import Limits
from libs.web.logs import configure_logging
from libs.web.peers import Hosts, Proxies
from libs.web.settings import WebSettings

_log = structlog.get_logger("libs.web")
_BACKLOG = 2048


def serve(app: FastAPI, settings: WebSettings) -> int:
    """Serve until a signal says stop; the exit code.

    Raises:
        ListenError: the address cannot be bound.
        NoAddress: a trusted proxy is named by something else.
        UnknownServerVersion: the guard does not know the installed uvicorn.
    """
    configure_logging(settings.log_level, settings.log_format)
    lifecycle: Lifecycle = app.state.lifecycle
    config = _config(app, settings, gate_of(settings, lifecycle, body_limits=app.state.body_limits))
    with listen(settings.host, settings.port) as listener:
        _log.info("serving", title=app.title, address=_address(listener))
        server = DrainingServer(config, lifecycle, grace_seconds=settings.drain_seconds)
        server.run(sockets=[listener])
    return 0 if server.started else 1


def listen(host: str, port: int) -> socket.socket:
    """Return a bound socket. It is bound before anything is opened, so that a taken port is reported first.

    Raises:
        ListenError: the address cannot be bound; the class says why.
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


def gate_of(settings: WebSettings, lifecycle: Lifecycle, *, body_limits: Mapping[str, int] | None = None) -> Gate:
    """What the settings let through, and more of a body on the paths that `body_limits` names."""
    return Gate(
        limits=Limits(
            header_seconds=settings.header_seconds,
            body_seconds=settings.body_seconds,
            idle_seconds=settings.idle_seconds,
            body_bytes=settings.max_body_bytes,
            body_bytes_of={path.encode(): limit for path, limit in (body_limits or {}).items()},
            connections=settings.max_connections,
        ),
        hosts=Hosts(settings.allowed_hosts),
        proxies=Proxies(settings.trusted_proxies),
        lifecycle=lifecycle,
        on_rejection=_log_rejection,
    )


def _log_rejection(status: HTTPStatus) -> None:
    # At `debug`, since whoever provokes rejections could otherwise fill the log.
    _log.debug("rejected", status=int(status))


def _config(app: FastAPI, settings: WebSettings, gate: Gate) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=gate.protocol(),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=round(settings.stop_seconds),
        backlog=_BACKLOG,
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{host}:{port}"
