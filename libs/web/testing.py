"""Run an application's lifespan in a test, and call it without a socket."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakKeyDictionary

import httpx2
import svcs
import svcs.fastapi
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

T = TypeVar("T")

_METHODS = ("get", "post", "put", "patch", "delete")


_states: WeakKeyDictionary[FastAPI, Mapping[str, object]] = WeakKeyDictionary()
"""What the lifespans of running applications have yielded; a server puts it into the scope of each request."""


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client of `app` while its lifespan runs."""
    async with app.router.lifespan_context(app) as state:
        _states[app] = state or {}
        async with client_at(app, "127.0.0.1") as client:
            yield client


def client_at(app: FastAPI, address: str) -> httpx2.AsyncClient:
    """Return a client of a running `app` that calls from this address."""

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(_states[app])}, receive, send)

    transport = httpx2.ASGITransport(with_state, client=(address, 4711))
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


def registered(app: FastAPI, kind: type[T]) -> T:
    """Return the value that the lifespan of a running `app` registered by this type."""
    return svcs.Container(svcs.fastapi.get_registry(app)).get(kind)


def operations(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Return method and path of every operation in the application's OpenAPI document."""
    for path, item in app.openapi()["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method.upper(), path
