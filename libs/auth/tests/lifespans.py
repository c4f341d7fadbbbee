"""Lifespans of applications that the tests make."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import svcs.fastapi
from fastapi import FastAPI
from svcs import Registry

from libs.auth.fastapi import Authenticator


def authenticating(authenticator: Authenticator) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, object]]]:
    """Return a lifespan that registers this authenticator, as the lifespan of a service does."""

    async def lifespan(_: FastAPI, registry: Registry) -> AsyncIterator[None]:
        registry.register_value(Authenticator, authenticator)
        yield

    return svcs.fastapi.lifespan(lifespan)  # type: ignore[arg-type]
