"""A process that serves, for the tests that send it signals.

Arguments: the grace period, the time to finish and the time for requests that are on their way, in seconds. The first
line of output is the port; the log follows. `/` answers after 30 ms, `/slow` 200 ms after the process has received a
signal to stop, and `/never` not at all. `/busy` blocks the event loop once that signal has come.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from svcs import Registry
from svcs.fastapi import DepContainer

from libs.web.app import ServiceDefinition, create_app
from libs.web.lifecycle import Lifecycle
from libs.web.server import GracefulServer, listen
from libs.web.server_policy import ServerPolicy
from libs.web.settings import WebSettings

router = APIRouter()


@router.get("/")
async def root() -> None:
    """Answer after 30 ms."""
    await asyncio.sleep(0.03)


@router.get("/slow")
async def slow(services: DepContainer) -> None:
    """Answer after the process received SIGTERM."""
    await _told_to_stop(services)
    await asyncio.sleep(0.2)


@router.get("/busy")
async def busy(services: DepContainer) -> None:
    """Block the loop after the process received SIGTERM."""
    await _told_to_stop(services)
    while True:
        pass


@router.get("/never")
async def never() -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def _told_to_stop(services: DepContainer) -> None:
    lifecycle = services.get(Lifecycle)
    while not lifecycle.draining:  # noqa: ASYNC110  # a flag that a signal sets
        await asyncio.sleep(0.01)


@asynccontextmanager
async def _lifespan(_: FastAPI, __: Registry) -> AsyncIterator[None]:
    yield


def main(grace: str, finish: str, parting: str) -> None:
    """Serve until a signal stops the process."""
    settings = WebSettings(drain_seconds=float(grace), stop_seconds=float(finish), request_seconds=600)
    app = create_app(settings, ServiceDefinition(title="Draining", routers=[router], lifespan=_lifespan))
    listener = listen("127.0.0.1", 0)
    print(listener.getsockname()[1], flush=True)
    GracefulServer(app, settings, ServerPolicy(parting_seconds=float(parting))).run(sockets=[listener])


if __name__ == "__main__":
    main(*sys.argv[1:])
