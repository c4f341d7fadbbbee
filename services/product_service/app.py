"""The application of the product service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession

from libs.auth.fastapi import Authenticator, check_policies, public
from libs.auth.jwks import JwksClient
from libs.auth.keys import KeySource
from libs.auth.verifier import Verifier
from libs.clock.clock import Clock, SystemClock
from libs.db.pruning import Pruner, delete_batch
from libs.db.schema import SchemaCheck
from libs.db.sessions import SessionFactory, open_sessions
from libs.web.app import Parts
from libs.web.app import create_app as create_web_app
from libs.web.http_client import open_http_client
from services.product_service.models import SCHEMA, IdempotencyKey
from services.product_service.problems import PROBLEMS
from services.product_service.routes import ROUTERS, imports
from services.product_service.service.idempotency import KEY_LIFETIME
from services.product_service.service.imports import ImportService
from services.product_service.service.products import ProductService
from services.product_service.service.reservations import ReservationService
from services.product_service.service.search import SearchIndex
from services.product_service.settings import ProductSettings


def create_app(settings: ProductSettings, *, clock: Clock | None = None, keys: KeySource | None = None) -> FastAPI:
    """Return the application. Its lifespan opens the database and, unless `keys` is given, the issuer's JWKS."""
    resources = _Resources(settings, clock or SystemClock(), keys)
    app = create_web_app(
        settings,
        Parts(
            title="Product service",
            routers=ROUTERS,
            lifespan=resources.open,
            problems=PROBLEMS,
            policy=[public()],
            body_limits={imports.PATH: settings.max_import_bytes},
        ),
    )
    check_policies(app, public_paths={"/openapi.json"})
    return app


class _Resources:
    """What the service opens in its lifespan."""

    def __init__(self, settings: ProductSettings, clock: Clock, keys: KeySource | None) -> None:
        self._settings = settings
        self._clock = clock
        self._keys = keys

    @asynccontextmanager
    async def open(self, app: FastAPI) -> AsyncIterator[None]:
        settings, clock = self._settings, self._clock
        sessions = open_sessions(settings.database, settings.database_limits)
        reservations = ReservationService(sessions, clock, lifetime=timedelta(seconds=settings.reservation_seconds))
        try:
            app.state.pruner = _pruner(sessions, reservations, clock, app.state.metrics.registry)
            async with open_http_client(app.state.telemetry) as http, app.state.pruner.running():
                verifier = Verifier(
                    self._keys or JwksClient(settings.keys_url, http=http, clock=clock),
                    issuer=settings.issuer,
                    audience=settings.audience,
                    clock=clock,
                    max_lifetime=timedelta(seconds=settings.max_access_token_seconds),
                )
                Authenticator(verifier).install(app)
                index = SearchIndex(sessions)
                app.state.settings = settings
                app.state.products = ProductService(sessions, index, clock)
                app.state.imports = ImportService(sessions, index, clock)
                app.state.reservations = reservations
                app.state.checks = [SchemaCheck(sessions, SCHEMA)]
                yield
        finally:
            await sessions.close()


def _pruner(
    sessions: SessionFactory, reservations: ReservationService, clock: Clock, registry: CollectorRegistry
) -> Pruner:
    async def forget_keys(session: AsyncSession, limit: int) -> int:
        expired = IdempotencyKey.created_at < clock.now() - KEY_LIFETIME
        return await delete_batch(session, IdempotencyKey, expired, limit)

    batches = {"reservations": reservations.release_expired, "idempotency_keys": forget_keys}
    return Pruner(sessions, batches, registry=registry)
