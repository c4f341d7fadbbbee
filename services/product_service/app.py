"""The application of the product service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import httpx2
import svcs
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy.ext.asyncio import AsyncSession
from svcs import Registry

from libs.auth.fastapi import Authenticator, check_policies, public
from libs.auth.jwks import JwksClient
from libs.auth.keys import KeySource
from libs.auth.verifier import Verifier
from libs.clock.clock import Clock, SystemClock
from libs.db.pool_metrics import watch_pool
from libs.db.pruning import PruneBatch, Pruner, delete_batch
from libs.db.schema import SchemaCheck
from libs.db.sessions import SessionFactory, open_sessions
from libs.events.runtime import EventRuntime
from libs.http.client import Peer, service_http_client
from libs.http.metrics import CallMetrics
from libs.http.service_tokens import open_service_tokens
from libs.web.app import ServiceDefinition
from libs.web.app import create_app as create_web_app
from libs.web.health import ping_of
from libs.web.http_client import open_http_client
from libs.web.telemetry import Telemetry
from services.product_service.handlers import event_handlers
from services.product_service.models import SCHEMA, IdempotencyKey
from services.product_service.problems import PROBLEMS
from services.product_service.routes import products, reservations
from services.product_service.routes.imports import imports_router
from services.product_service.service.idempotency import KEY_LIFETIME
from services.product_service.service.imports import ImportService
from services.product_service.service.owners import OwnerNames, owner_versions
from services.product_service.service.products import ProductService
from services.product_service.service.reservations import ReservationService
from services.product_service.service.search import SearchIndex
from services.product_service.settings import ProductSettings
from services.user_service.client import UserServiceClient


def create_app(
    settings: ProductSettings,
    *,
    clock: Clock | None = None,
    keys: KeySource | None = None,
    users: UserServiceClient | None = None,
) -> FastAPI:
    """Return the application.

    Its lifespan opens the database, fetches the issuer's keys unless `keys` is given, and opens a client of the user
    service unless `users` is given.
    """
    resources = _Resources(settings, clock or SystemClock(), keys, users)
    app = create_web_app(
        settings,
        ServiceDefinition(
            title="Product service",
            routers=[products.router, reservations.router, imports_router(settings.max_import_bytes)],
            lifespan=resources.open,
            problems=PROBLEMS,
            policy=[public()],
            metrics=resources.metrics,
        ),
    )
    check_policies(app, public_paths={"/openapi.json"})
    return app


class _Resources:
    """The resources that the service opens in its lifespan."""

    def __init__(
        self, settings: ProductSettings, clock: Clock, keys: KeySource | None, users: UserServiceClient | None
    ) -> None:
        self.metrics = CollectorRegistry()
        self._settings = settings
        self._clock = clock
        self._keys = keys
        self._users = users

    @asynccontextmanager
    async def open(self, _: FastAPI, registry: Registry) -> AsyncIterator[None]:
        settings, clock = self._settings, self._clock
        telemetry = svcs.Container(registry).get(Telemetry)
        async with AsyncExitStack() as stack:
            sessions = open_sessions(settings.database, settings.database_limits)
            stack.push_async_callback(sessions.close)
            reserved = ReservationService(sessions, clock, lifetime=timedelta(seconds=settings.reservation_seconds))
            index = SearchIndex(sessions)
            events = EventRuntime(
                settings,
                sessions,
                service="product_service",
                handlers=event_handlers(clock),
                registry=self.metrics,
                tracer_provider=telemetry.provider,
            )
            batches = {**_expired(reserved, clock), **events.prune_batches}
            pruner = Pruner(sessions, batches, registry=self.metrics)
            watch_pool(sessions, self.metrics)
            http = await stack.enter_async_context(open_http_client(telemetry))
            users = self._users
            if users is None:
                users = await stack.enter_async_context(self._open_users(telemetry))
            await stack.enter_async_context(pruner.running())
            await stack.enter_async_context(events.running())
            registry.register_value(ProductSettings, settings)
            registry.register_value(SessionFactory, sessions, ping=ping_of(SchemaCheck(sessions, SCHEMA)))
            registry.register_value(Authenticator, self._authenticator(http))
            registry.register_value(ProductService, ProductService(sessions, index, clock))
            registry.register_value(OwnerNames, OwnerNames(users, clock, versions=owner_versions(sessions)))
            registry.register_value(ImportService, ImportService(sessions, index, clock))
            registry.register_value(ReservationService, reserved)
            registry.register_value(Pruner, pruner)
            yield

    @asynccontextmanager
    async def _open_users(self, telemetry: Telemetry) -> AsyncIterator[UserServiceClient | None]:
        settings, clock = self._settings, self._clock
        peer = Peer(name="user_service", url=settings.user_service_url)
        async with open_service_tokens(settings, clock=clock) as tokens:
            if tokens is None:
                yield None
                return
            http = service_http_client(
                settings,
                peer=peer,
                metrics=CallMetrics(self.metrics),
                tokens=tokens,
                tracer_provider=telemetry.provider,
                clock=clock,
            )
            async with http:
                yield UserServiceClient(http)

    def _authenticator(self, http: httpx2.AsyncClient) -> Authenticator:
        settings, clock = self._settings, self._clock
        keys = self._keys or self._jwks_client(http)
        verifier = Verifier(
            keys,
            issuer=settings.issuer,
            audience=settings.audience,
            clock=clock,
            max_lifetime=timedelta(seconds=settings.max_access_token_seconds),
        )
        return Authenticator(verifier)

    def _jwks_client(self, http: httpx2.AsyncClient) -> JwksClient:
        client = JwksClient(self._settings.keys_url, http=http, clock=self._clock)
        age = Gauge("jwks_age_seconds", "Time since the issuer's keys were fetched.", registry=self.metrics)
        age.set_function(client.age_seconds)
        return client


def _expired(reservations: ReservationService, clock: Clock) -> Mapping[str, PruneBatch]:
    async def forget_keys(session: AsyncSession, limit: int) -> int:
        expired = IdempotencyKey.created_at < clock.now() - KEY_LIFETIME
        return await delete_batch(session, IdempotencyKey, expired, limit)

    return {"reservations": reservations.release_expired, "idempotency_keys": forget_keys}
