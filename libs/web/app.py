"""The application of a service: FastAPI, with the same middleware, errors and health routes in every service."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import svcs.fastapi
from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from prometheus_client import CollectorRegistry
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from svcs import Registry

from libs.web.api_docs import docs_router
from libs.web.head import HeadMiddleware
from libs.web.health import health_router, metrics_router
from libs.web.host_policy import ForwardedHeadersMiddleware, HostMiddleware
from libs.web.instrumentation import HttpMetrics, RequestInstrumentation
from libs.web.lifecycle import Lifecycle
from libs.web.middleware import (
    ErrorMiddleware,
    PlainTextErrorMiddleware,
    RequestContextMiddleware,
    ResponseHeadersMiddleware,
)
from libs.web.openapi import complete_description, operation_id
from libs.web.problems import ProblemTable, install
from libs.web.settings import WebSettings
from libs.web.telemetry import Telemetry, open_telemetry

Lifespan = Callable[[FastAPI, Registry], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """The parts that a service adds to the common application.

    Attributes:
        title: name of the API.
        routers: its routes.
        lifespan: opens the resources of the service and registers each by its type in the given registry. `/readyz`
            calls the ping of each (`libs.web.health.ping_of`).
        problems: the answer to each of its error classes.
        policy: dependencies of this library's own routes (health, metrics, documentation), usually `[public()]`. The
            service gives them because this library does not import `libs.auth`.
        metrics: Prometheus registry of the application.
        version: of the contract (semantic versioning): a breaking change raises the first number.
    """

    title: str
    routers: Sequence[APIRouter]
    lifespan: Lifespan
    problems: ProblemTable = field(default_factory=dict)
    policy: Sequence[Depends] = ()
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    version: str = "1.0.0"


def create_app(settings: WebSettings, definition: ServiceDefinition) -> FastAPI:
    """Return the application of a service. Its lifespan opens all resources but the exporter of traces.

    Raises:
        TelemetryError: an OTEL_* variable has a value that is not supported.
    """
    lifecycle, metrics = Lifecycle(), HttpMetrics(definition.metrics)
    telemetry = open_telemetry(definition.title.lower().replace(" ", "_"))
    app = FastAPI(
        title=definition.title,
        version=definition.version,
        generate_unique_id_function=operation_id,
        lifespan=svcs.fastapi.lifespan(_lifespan(definition, lifecycle, metrics, telemetry)),
        middleware=_middleware(settings, lifecycle, metrics),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs else None,
        redirect_slashes=False,
        telemetry=telemetry.fastapi_config,
    )
    app.include_router(_limited(definition.routers, settings.max_body_bytes))
    app.include_router(health_router(definition.policy))
    if settings.metrics and settings.metrics_port is None:
        app.include_router(metrics_router(definition.metrics, definition.policy))
    if settings.docs:
        app.include_router(docs_router(app, definition.policy))
    complete_description(app, definition.problems)
    install(app, definition.problems)
    return app


def _limited(routers: Sequence[APIRouter], max_body_bytes: int) -> APIRouter:
    # `FastAPI(max_body_size=...)` answers outside all middleware, in plain text. The 413 of a router passes
    # PlainTextErrorMiddleware, which makes a problem document of it.
    parent = APIRouter(max_body_size=max_body_bytes)
    for router in routers:
        parent.include_router(router)
    return parent


def _lifespan(
    definition: ServiceDefinition, lifecycle: Lifecycle, metrics: HttpMetrics, telemetry: Telemetry
) -> Lifespan:
    @asynccontextmanager
    async def opened(app: FastAPI, registry: Registry) -> AsyncIterator[None]:
        registry.register_value(Lifecycle, lifecycle)
        registry.register_value(HttpMetrics, metrics)
        registry.register_value(CollectorRegistry, definition.metrics)
        registry.register_value(Telemetry, telemetry)
        try:
            async with definition.lifespan(app, registry):
                yield
        finally:
            await telemetry.close()

    return opened


def _middleware(settings: WebSettings, lifecycle: Lifecycle, metrics: HttpMetrics) -> list[Middleware]:
    """Return the middleware, the outermost first."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
        expose_headers=["ETag", "Location", "X-Request-ID"],
    )
    return [
        Middleware(ForwardedHeadersMiddleware, trusted_proxies=settings.trusted_proxies),
        Middleware(RequestContextMiddleware),
        Middleware(RequestInstrumentation, metrics=metrics, access_log=settings.access_log),
        Middleware(ResponseHeadersMiddleware, lifecycle=lifecycle),
        Middleware(HostMiddleware, allowed_hosts=settings.allowed_hosts),
        Middleware(HeadMiddleware),
        Middleware(PlainTextErrorMiddleware),
        *([cors] if settings.cors_origins else []),
        Middleware(ErrorMiddleware, seconds=settings.request_seconds),
    ]
