"""The tables that the migrations make, and the statements of the code."""

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from libs.db.migrate import newest
from libs.db.testing import Databases, refused, statements_of
from services.product_service import repository
from services.product_service.models import Sort, SortField
from services.product_service.repository import SCHEMA_REVISION
from services.product_service.repository.listings import _CONDITIONS, _statement
from services.product_service.tests.conftest import SCRIPTS


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
    assert refused(databases.fresh(), {str(each): _statement(**each) for each in _lists()}) == {}


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_migrated_service_is_ready(client: httpx.AsyncClient, path: str) -> None:
    """After `migrate` nothing is missing."""
    assert (await client.get(path)).status_code == 200


def _lists() -> Iterator[dict[str, Any]]:
    for field, is_descending, is_first in itertools.product(SortField, (False, True), (False, True)):
        for count in range(len(_CONDITIONS) + 1):
            for conditions in itertools.combinations(_CONDITIONS, count):
                sort = Sort(field, is_descending=is_descending)
                yield {"sort": sort, "conditions": frozenset(conditions), "is_first": is_first}
