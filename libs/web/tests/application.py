"""A small application with a route for each kind of failure."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, FastAPI
from pydantic import SecretStr
from svcs import Registry

from libs.web.app import ServiceDefinition, create_app
from libs.web.health import ReadinessCheck, ping_of
from libs.web.problems import Problem
from libs.web.settings import WebSettings
from libs.web.strict import NonNegativeInt64, SafeStr, SingleLineStr, StrictModel, StrictRoute

_log = structlog.get_logger("test")


class TeapotError(Exception):
    """An error of this application's domain."""

    def __init__(self, seconds: int) -> None:
        super().__init__("short and stout\x00\ud800")
        self.seconds = seconds


class HotTeapotError(TeapotError):
    """A special case of it that the table does not list."""


class KettleError(Exception):
    """Something that this application needs is unavailable."""


class Body(StrictModel):
    """A body with one field of each kind."""

    name: SingleLineStr
    text: SafeStr = ""
    count: NonNegativeInt64 = 0
    password: SecretStr | None = None


router = APIRouter(route_class=StrictRoute)


@router.get("/teapot")
async def teapot() -> None:
    """Fail as the domain does."""
    raise TeapotError(7)


@router.get("/hot-teapot")
async def hot_teapot() -> None:
    """Fail in a special way."""
    raise HotTeapotError(8)


@router.get("/kettle")
async def kettle() -> None:
    """Fail because of something else."""
    raise KettleError("host kettle-7 refused")


@router.get("/crash")
async def crash() -> None:
    """Raise an unexpected exception with a secret in its message."""
    raise RuntimeError("password=canary-5e1f")


@router.get("/slow")
async def slow() -> None:
    """Take too long."""
    await asyncio.sleep(60)


@router.post("/echo")
async def echo(body: Body) -> Body:
    """Give back what was understood, and log the secret part of it."""
    _log.warning("echo", password=body.password, nested={"token": "canary-5e1f"})
    return body.model_copy(update={"password": None})


def application(settings: WebSettings | None = None, checks: Sequence[ReadinessCheck] = ()) -> FastAPI:
    """The application with these settings and readiness checks."""

    @asynccontextmanager
    async def lifespan(_: FastAPI, registry: Registry) -> AsyncIterator[None]:
        for number, check in enumerate(checks):
            # The registry has one value of each type.
            kind = type(f"Checked{number}", (), {})
            registry.register_value(kind, kind(), ping=ping_of(check))
        yield

    problems = {
        TeapotError: Problem(418, "teapot", "I'm a teapot", headers=lambda error: {"Retry-After": str(error.seconds)}),
        KettleError: Problem(503, "kettle", "No hot water", detail="Try again in a moment."),
    }
    definition = ServiceDefinition(title="Test", routers=[router], lifespan=lifespan, problems=problems)
    return create_app(settings or WebSettings(), definition)


@dataclass(frozen=True, slots=True)
class Check:
    """A readiness check whose result the test sets."""

    name: str
    says: str | None = None
    crashes: bool = False

    async def reason(self) -> str | None:
        """See `ReadinessCheck`."""
        if self.crashes:
            raise RuntimeError("a driver's own error")
        return self.says
