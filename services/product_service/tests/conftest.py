"""The service with its database, on SQLite and on PostgreSQL, and tokens for whoever calls it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from libs.auth.testing import AUDIENCE, ISSUER, TokenMint
from libs.db.testing import Databases, open_databases
from libs.web.testing import running
from services.product_service.app import create_app
from services.product_service.settings import ProductSettings

SCRIPTS = Path(__file__).parents[1] / "migrations"


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of either kind, with the catalogue's tables."""
    with open_databases(request.param, tmp_path_factory.mktemp("databases"), SCRIPTS) as opened:
        yield opened


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> ProductSettings:
    """Settings with a fresh database."""
    return ProductSettings(data_dir=tmp_path, database_url=databases.fresh(), issuer=ISSUER, audience=AUDIENCE)


@pytest.fixture
def mint() -> TokenMint:
    """The issuer, and the clock that it shares with the service."""
    return TokenMint()


@pytest.fixture
async def client(settings: ProductSettings, mint: TokenMint) -> AsyncIterator[httpx.AsyncClient]:
    """The running service."""
    async with running(create_app(settings, clock=mint.clock, keys=mint.keys)) as opened:
        yield opened
