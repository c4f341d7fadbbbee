"""Every test here that takes `url` or `sessions` runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from libs.db.sessions import SessionFactory, open_sessions
from libs.db.testing import Databases, open_databases
from libs.events.nats_testing import NatsServer, nats_server
from libs.events.tests.models import SCHEMA
from libs.events.tests.streams import create_streams


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
    opened = open_sessions(url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A NATS that all tests of a file share."""
    with nats_server(tmp_path_factory.mktemp("nats")) as started:
        yield started


@pytest.fixture
async def nats_url(server: NatsServer) -> str:
    """The address of NATS, with empty streams and the consumer of the tests."""
    await create_streams(server.url)
    return server.url


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A NATS that a test may stop."""
    with nats_server(tmp_path) as started:
        yield started
