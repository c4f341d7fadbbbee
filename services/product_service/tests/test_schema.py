"""The tables as the code has them and as the migrations make them."""

import httpx
import pytest

from libs.db.migrate import newest
from libs.db.testing import Databases, differences
from services.product_service.tables import SCHEMA_REVISION, metadata
from services.product_service.tests.conftest import SCRIPTS


def test_the_code_needs_the_newest_revision() -> None:
    """Who adds a migration says so in tables.py, or the service would be ready too early."""
    assert newest(SCRIPTS) == SCHEMA_REVISION


def test_migrations_make_the_tables_of_the_code(databases: Databases) -> None:
    """Columns, types and indexes, on either database."""
    assert list(differences(databases.fresh(), metadata, besides="search_")) == []


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_migrated_service_is_ready(client: httpx.AsyncClient, path: str) -> None:
    """After `migrate` nothing is missing."""
    assert (await client.get(path)).status_code == 200
