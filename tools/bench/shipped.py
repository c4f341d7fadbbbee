"""A minimal application with the middleware of all services: `python -m tools.bench.shipped PORT [access-log]`."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from svcs import Registry

from libs.web.app import ServiceDefinition, create_app
from libs.web.server import serve
from libs.web.settings import WebSettings

router = APIRouter()


@router.get("/")
async def hello() -> dict[str, str]:
    """Return a constant."""
    return {"hello": "world"}


@asynccontextmanager
async def _nothing_to_open(_: FastAPI, __: Registry) -> AsyncIterator[None]:
    yield


def main(port: str, options: Sequence[str]) -> int:
    """Serve with the defaults of `libs.web`."""
    settings = WebSettings(port=int(port), access_log="access-log" in options, log_format="json")
    return serve(create_app(settings, ServiceDefinition("Hello", [router], _nothing_to_open)), settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
