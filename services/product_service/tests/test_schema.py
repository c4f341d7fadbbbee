"""The tables that the migrations make, and the statements of the code."""

import httpx
import pytest

from libs.db.migrate import newest
from libs.db.testing import Databases, refused, statements_of
from services.product_service import repository
from services.product_service.repository import SCHEMA_REVISION
from services.product_service.repository.listings import _statement
from services.product_service.tests.conftest import SCRIPTS
from services.product_service.tests.lists import lists


def test_the_code_needs_the_newest_revision() -> None:
    """Who adds a migration says so in the repository, or the service would be ready too early."""
    assert newest(SCRIPTS) == SCHEMA_REVISION


def test_every_statement_fits_the_tables(databases: Databases) -> None:
    """A name that is no column's, or a value whose type nobody can tell, is found before anybody asks."""
    statements = statements_of(repository)
    assert statements, "statements were looked at, so there must be some"
    assert refused(databases.fresh(), statements) == {}


def test_every_list_fits_the_tables(databases: Databases) -> None:
    """Whatever is asked for together, in whichever order."""
    assert refused(databases.fresh(), {str(each): _statement(**each) for each in lists()}) == {}


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_migrated_service_is_ready(client: httpx.AsyncClient, path: str) -> None:
    """After `migrate` nothing is missing."""
    assert (await client.get(path)).status_code == 200
