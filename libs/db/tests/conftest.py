"""Every test here that takes `url` or `sessions` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator

import pytest

from libs.db.engines import Limits
from libs.db.sessions import SessionFactory, open_sessions
from libs.db.testing import Databases, open_databases
from libs.db.tests.models import SCHEMA

# A shared machine's disk may stand still for longer than the 5 s of the defaults.
PATIENT = Limits(statement_seconds=60, connect_seconds=60)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of either kind."""
    with open_databases(request.param, tmp_path_factory.mktemp("databases"), SCHEMA.scripts) as opened:
        yield opened


@pytest.fixture
def url(databases: Databases) -> str:
    """A fresh database."""
    return databases.fresh()


@pytest.fixture
async def sessions(url: str) -> AsyncIterator[SessionFactory]:
    """Sessions on it."""
    opened = open_sessions(url, PATIENT)
    yield opened
    await opened.close()
