"""The shipped entry point with a minimal application, for tests that need a real process.

Settings come from SHIPPED_*; an argument caps the file descriptors that the process may open.
"""

import contextlib
import resource
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from pydantic_settings import SettingsConfigDict
from svcs import Registry

from libs.web.app import ServiceDefinition, create_app
from libs.web.server import serve
from libs.web.settings import WebSettings

router = APIRouter()


class ShippedSettings(WebSettings):
    """The address and limits of the process."""

    model_config = SettingsConfigDict(env_prefix="SHIPPED_")


@router.get("/descriptors")
def descriptors() -> int:
    """Open a folder, which takes a descriptor, and count what is open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@router.post("/files")
async def files(request: Request) -> int:
    """Count the bytes of the body."""
    return len(await request.body())


@router.get("/client")
async def client(request: Request) -> list[str]:
    """Return the client address that the server sees."""
    return [request.client.host if request.client else "", request.url.scheme]


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI, __: Registry) -> AsyncIterator[None]:
    """Open nothing."""
    yield


def main(cap: int) -> int:
    """Serve until a signal stops the process."""
    if cap:
        resource.setrlimit(resource.RLIMIT_NOFILE, (cap, cap))
    settings = ShippedSettings()
    return serve(
        create_app(settings, ServiceDefinition(title="Shipped", routers=[router], lifespan=lifespan)), settings
    )


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
