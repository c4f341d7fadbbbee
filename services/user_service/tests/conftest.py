"""The service with its database, on SQLite and on PostgreSQL, with a clock that tests set."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from libs.auth.key_files import KeyFolder
from libs.auth.passwords import Argon2Cost, Passwords
from libs.auth.signatures import Algorithm
from libs.clock.testing import START, FakeClock
from libs.db.sessions import SessionFactory, open_sessions
from libs.db.testing import Databases, open_databases
from libs.mail.testing import FakeMailer
from libs.web.testing import running
from services.user_service.app import create_app
from services.user_service.models import SCHEMA
from services.user_service.settings import UserSettings

CHEAP = Argon2Cost(memory_kib=64, passes=1)
# Two tests at a time under libfaketime take 0.4 s for a commit of SQLite; libs/db tests the limits.
PATIENT_SECONDS = 60.0


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of either kind, with the tables of the service."""
    with open_databases(request.param, tmp_path_factory.mktemp("databases"), SCHEMA.scripts) as opened:
        yield opened


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> UserSettings:
    """Settings with a fresh database and a signing key."""
    keys = KeyFolder(tmp_path / "keys")
    keys.path.mkdir(mode=0o700)
    keys.write(Algorithm.EDDSA, activates_at=START - timedelta(days=1))
    return UserSettings(
        data_dir=tmp_path,
        granted_scopes=("products:read", "products:reserve", "products:write"),
        database_url=databases.fresh(),
        database_statement_seconds=PATIENT_SECONDS,
        database_connect_seconds=PATIENT_SECONDS,
        request_seconds=2 * PATIENT_SECONDS,
    )


@pytest.fixture
async def sessions(settings: UserSettings) -> AsyncIterator[SessionFactory]:
    """The service's database, for changes that no request can make."""
    opened = open_sessions(settings.database)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> FakeClock:
    """The service's clock."""
    return FakeClock()


@pytest.fixture
def mailer() -> FakeMailer:
    """Records the emails that the service sends."""
    return FakeMailer()


@pytest.fixture
def app(settings: UserSettings, clock: FakeClock, mailer: FakeMailer) -> FastAPI:
    """The service, with cheap password hashes. test_no_enumeration uses the shipped parameters."""
    return create_app(settings, clock=clock, mailer=mailer, passwords=Passwords(CHEAP))


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """The running service."""
    async with running(app) as opened:
        yield opened
