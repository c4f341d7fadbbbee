"""Fixtures: the service with its database, on SQLite and on PostgreSQL, and tokens for its callers."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from libs.auth.testing import AUDIENCE, ISSUER, TokenFactory
from libs.db.testing import Databases, open_databases
from libs.web.testing import running
from services.product_service.app import create_app
from services.product_service.models import SCHEMA
from services.product_service.settings import ProductSettings
from services.user_service.client import DirectoryView, UserServiceClient
from services.user_service.client.testing import FakeUserService

# Two tests at a time under libfaketime take 0.4 s for a commit of SQLite; libs/db tests the limits.
PATIENT_SECONDS = 60.0


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of either kind, with the catalogue's tables."""
    with open_databases(request.param, tmp_path_factory.mktemp("databases"), SCHEMA.scripts) as opened:
        yield opened


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> ProductSettings:
    """Settings with a fresh database."""
    return ProductSettings(
        data_dir=tmp_path,
        database_url=databases.fresh(),
        issuer=ISSUER,
        audience=AUDIENCE,
        database_statement_seconds=PATIENT_SECONDS,
        database_connect_seconds=PATIENT_SECONDS,
        request_seconds=2 * PATIENT_SECONDS,
    )


@pytest.fixture
def factory() -> TokenFactory:
    """The issuer, and the clock that it shares with the service."""
    return TokenFactory()


@pytest.fixture
async def users() -> AsyncIterator[FakeUserService]:
    """The user service, which has no user until a test adds one."""
    with FakeUserService() as fake:
        fake.answer("read_directory", DirectoryView(users=[]))
        yield fake


@pytest.fixture
async def app(settings: ProductSettings, factory: TokenFactory, users: FakeUserService) -> AsyncIterator[FastAPI]:
    """The service."""
    async with users.http_client() as http:
        yield create_app(settings, clock=factory.clock, keys=factory.keys, users=UserServiceClient(http))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """The running service."""
    async with running(app) as opened:
        yield opened
