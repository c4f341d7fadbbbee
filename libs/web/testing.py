"""An application in a test: its lifespan run, and a client that calls it without a socket."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI

_METHODS = ("get", "post", "put", "patch", "delete")


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of `app` between its start and its end."""
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client,
    ):
        yield client


def operations(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of everything that the application's description offers."""
    for path, item in app.openapi()["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method.upper(), path
