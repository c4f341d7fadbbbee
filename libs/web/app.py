"""The application every service is: the same errors, health, headers and logs around its routes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from starlette.middleware.cors import CORSMiddleware

from libs.web.docs import docs_router
from libs.web.health import health_router, metrics_router
from libs.web.lifecycle import Lifecycle
from libs.web.metrics import Metrics
from libs.web.middleware import (
    BodyLimit,
    FaultBarrier,
    Observation,
    RequestIdentity,
    SecurityHeaders,
)
from libs.web.openapi import describe_problems
from libs.web.problems import ProblemTable, install
from libs.web.settings import WebSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service brings; everything else is the same for all.

    The lifespan opens what the service works with, puts it on `app.state`, and with it, as
    `app.state.checks`, the `ReadinessCheck`s of it.

    `policy` is put on the routes that this library adds (health, metrics, documentation), so that
    they state who may call them as every other route does.
    """

    title: str
    routers: Sequence[APIRouter]
    lifespan: Lifespan
    problems: ProblemTable = field(default_factory=dict)
    policy: Sequence[Depends] = ()


def create_app(settings: WebSettings, parts: Parts) -> FastAPI:
    """Put a service together. Opens nothing: that is for its lifespan to do."""
    lifecycle, metrics = Lifecycle(), Metrics()
    app = FastAPI(
        title=parts.title,
        lifespan=parts.lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs else None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.lifecycle = lifecycle
    for router in (*parts.routers, *_house_routers(app, settings, parts, metrics)):
        # Not included: a route inside an included router takes a tenth of a request longer to find.
        app.router.routes.extend(router.routes)
    describe_problems(app)
    install(app, parts.problems)
    _add_middleware(app, settings, lifecycle=lifecycle, metrics=metrics)
    return app


def _house_routers(app: FastAPI, settings: WebSettings, parts: Parts, metrics: Metrics) -> Iterator[APIRouter]:
    yield health_router(app.state.lifecycle, parts.policy)
    if settings.metrics:
        yield metrics_router(metrics, parts.policy)
    if settings.docs:
        yield docs_router(app, parts.policy)


def _add_middleware(app: FastAPI, settings: WebSettings, *, lifecycle: Lifecycle, metrics: Metrics) -> None:
    """From the innermost to the outermost: what is added last sees a request first."""
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(FaultBarrier, seconds=settings.request_seconds)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
            expose_headers=["ETag", "Location", "X-Request-ID"],
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observation, metrics=metrics, access_log=settings.access_log)
    app.add_middleware(RequestIdentity, lifecycle=lifecycle)
