"""The product service, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from libs.auth.clock import Clock, SystemClock
from libs.auth.fastapi import Authenticator, check_policies, public
from libs.auth.jwks import JwksClient
from libs.auth.keys import KeySource
from libs.auth.verifier import Verifier
from libs.db.connect import connect
from libs.db.errors import DatabaseUnavailable, SerializationFailure
from libs.db.schema import SchemaCheck
from libs.web.app import Parts
from libs.web.app import create_app as create_web_app
from libs.web.problems import Problem, ProblemTable
from services.product_service.errors import (
    KeyReused,
    OutOfStock,
    ProductNotFound,
    VersionConflict,
)
from services.product_service.routes import router
from services.product_service.service import Catalogue
from services.product_service.settings import ProductSettings
from services.product_service.tables import SCHEMA_REVISION

PROBLEMS: ProblemTable = {
    ProductNotFound: Problem(404, "product-not-found", "No such product"),
    VersionConflict: Problem(412, "version-conflict", "The product has changed"),
    OutOfStock: Problem(409, "out-of-stock", "Not enough in stock"),
    KeyReused: Problem(409, "idempotency-key-reused", "Idempotency-Key used before"),
    SerializationFailure: Problem(503, "busy", "Too many changes at once", headers=lambda _: {"Retry-After": "1"}),
    DatabaseUnavailable: Problem(
        503,
        "database-unavailable",
        "The database does not answer",
        detail="Try again in a moment.",
        headers=lambda _: {"Retry-After": "1"},
    ),
}


def create_app(settings: ProductSettings, *, clock: Clock | None = None, keys: KeySource | None = None) -> FastAPI:
    """The application; its lifespan opens the database and, unless it is given, the way to the issuer's keys."""
    resources = _Resources(settings, clock or SystemClock(), keys)
    app = create_web_app(
        settings,
        Parts(
            title="Product service",
            routers=[router],
            lifespan=resources.open,
            problems=PROBLEMS,
            policy=[public()],
        ),
    )
    check_policies(app, public_paths={"/openapi.json"})
    return app


class _Resources:
    """What the service holds open from its start to its end."""

    def __init__(self, settings: ProductSettings, clock: Clock, keys: KeySource | None) -> None:
        self._settings = settings
        self._clock = clock
        self._keys = keys

    @asynccontextmanager
    async def open(self, app: FastAPI) -> AsyncIterator[None]:
        settings, clock = self._settings, self._clock
        database = await connect(settings.database)
        try:
            async with httpx.AsyncClient() as http:
                verifier = Verifier(
                    self._keys or JwksClient(settings.keys_url, http=http, clock=clock),
                    issuer=settings.issuer,
                    audience=settings.audience,
                    clock=clock,
                )
                Authenticator(verifier).install(app)
                app.state.catalogue = Catalogue(database, clock)
                app.state.checks = [SchemaCheck(database, SCHEMA_REVISION)]
                yield
        finally:
            await database.close()
