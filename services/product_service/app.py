"""The product service, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from libs.auth.clock import Clock, SystemClock
from libs.auth.fastapi import Authenticator, check_policies, public
from libs.auth.jwks import JwksClient
from libs.auth.keys import KeySource
from libs.auth.verifier import Verifier
from libs.db.connect import connect
from libs.db.schema import SchemaCheck
from libs.web.app import Parts
from libs.web.app import create_app as create_web_app
from libs.web.outgoing import TracedClient
from services.product_service.problems import PROBLEMS
from services.product_service.repository import SCHEMA_REVISION
from services.product_service.routes import ROUTERS, imports
from services.product_service.service.imports import Imports
from services.product_service.service.products import Catalogue
from services.product_service.service.reservations import Reservations
from services.product_service.service.search import SearchIndex
from services.product_service.settings import ProductSettings


def create_app(settings: ProductSettings, *, clock: Clock | None = None, keys: KeySource | None = None) -> FastAPI:
    """The application; its lifespan opens the database and, unless it is given, the way to the issuer's keys."""
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
            async with TracedClient(app.state.spans) as http:
                verifier = Verifier(
                    self._keys or JwksClient(settings.keys_url, http=http, clock=clock),
                    issuer=settings.issuer,
                    audience=settings.audience,
                    clock=clock,
                )
                Authenticator(verifier).install(app)
                index = SearchIndex(database)
                app.state.settings = settings
                app.state.catalogue = Catalogue(database, index, clock)
                app.state.files = Imports(database, index, clock)
                app.state.stock = Reservations(database, clock)
                app.state.checks = [SchemaCheck(database, SCHEMA_REVISION)]
                yield
        finally:
            await database.close()
