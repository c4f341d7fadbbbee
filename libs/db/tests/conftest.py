"""Every test here that takes `url` or `database` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from libs.db.connect import connect
from libs.db.database import Database
from libs.db.testing import Databases, open_databases

SCRIPTS = Path(__file__).parent / "migrations"


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of either kind."""
    with open_databases(request.param, tmp_path_factory.mktemp("databases"), SCRIPTS) as opened:
        yield opened


@pytest.fixture
def url(databases: Databases) -> str:
    """A fresh database."""
    return databases.fresh()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """An open one."""
    opened = await connect(url)
    yield opened
    await opened.close()
