"""The application every service is: the same errors, health, headers and logs around its routes."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.params import Depends
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from libs.web.api_docs import docs_router
from libs.web.body_limit import BodyLimit
from libs.web.health import health_router, metrics_router
from libs.web.lifecycle import Lifecycle
from libs.web.metrics import Metrics
from libs.web.middleware import Envelope, FaultBarrier
from libs.web.observer import Observer
from libs.web.openapi import complete_description, operation_id
from libs.web.problems import ProblemTable, install
from libs.web.settings import WebSettings
from libs.web.telemetry import Telemetry, open_telemetry

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service brings; everything else is the same for all.

    The lifespan opens what the service works with, puts it on `app.state`, and with it, as
    `app.state.checks`, the `ReadinessCheck`s of it.

    `policy` is put on the routes that this library adds (health, metrics, documentation), so that
    they state who may call them as every other route does.

    `version` is the contract's (semantic versioning): a breaking change raises the first number.
    """

    title: str
    routers: Sequence[APIRouter]
    lifespan: Lifespan
    problems: ProblemTable = field(default_factory=dict)
    policy: Sequence[Depends] = ()
    version: str = "1.0.0"
    body_limits: Mapping[str, int] = field(default_factory=dict)


class _Application(FastAPI):
    """One whose middleware is ours alone."""

    def build_middleware_stack(self) -> ASGIApp:
        """What the framework puts around and inside ours is a tenth of a request, and ours does it.

        That is a page for crashes, a limit of bodies, and handlers of errors. The stack in which
        the framework closes the files of forms stays.
        """
        stack: ASGIApp = AsyncExitStackMiddleware(self.router)
        for each in reversed(self.user_middleware):
            stack = each.cls(stack, *each.args, **each.kwargs)
        return stack


def create_app(settings: WebSettings, parts: Parts) -> FastAPI:
    """Put a service together. Opens nothing: that is for its lifespan to do."""
    lifecycle, metrics = Lifecycle(), Metrics()
    telemetry = open_telemetry(parts.title.lower().replace(" ", "_"))
    app = _Application(
        title=parts.title,
        lifespan=_flushing(parts.lifespan, telemetry),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs else None,
        redirect_slashes=False,
        telemetry=telemetry.fastapi_config,
    )
    app.state.lifecycle = lifecycle
    app.state.telemetry = telemetry
    app.state.metrics = metrics
    for router in (*parts.routers, *_house_routers(app, settings, parts, metrics)):
        app.include_router(router)
    complete_description(app, parts.problems)
    install(app, parts.problems)
    app.state.body_limits = parts.body_limits
    _add_middleware(app, settings, Observer(metrics, access_log=settings.access_log))
    return app


def _flushing(lifespan: Lifespan, telemetry: Telemetry) -> Lifespan:
    """Return a lifespan that exports the remaining spans at its end."""

    @asynccontextmanager
    async def extended(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with lifespan(app):
                yield
        finally:
            await telemetry.close()

    return extended


def _house_routers(app: FastAPI, settings: WebSettings, parts: Parts, metrics: Metrics) -> Iterator[APIRouter]:
    yield health_router(app.state.lifecycle, parts.policy)
    if settings.metrics:
        yield metrics_router(metrics, parts.policy)
    if settings.docs:
        yield docs_router(app, parts.policy)


def _add_middleware(app: FastAPI, settings: WebSettings, observer: Observer) -> None:
    """From the innermost to the outermost: what is added last sees a request first."""
    body_limit = BodyLimit(settings.max_body_bytes, app.state.body_limits)
    app.add_middleware(
        FaultBarrier, handlers=app.exception_handlers, seconds=settings.request_seconds, body_limit=body_limit
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
            expose_headers=["ETag", "Location", "X-Request-ID"],
        )
    app.add_middleware(Envelope, app.state.lifecycle, observer=observer)
