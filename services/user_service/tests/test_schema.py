"""The models of the service and its migrations describe the same tables."""

import httpx2
import pytest

from libs.db.migrations import differences
from libs.db.testing import Databases
from services.user_service.models import SCHEMA


def test_models_and_migrations_agree(databases: Databases) -> None:
    """After all migrations the database has the tables, columns, keys and indexes of the models, and no others."""
    assert differences(databases.fresh(), SCHEMA) == [], "run `bazel run //services/user_service:migration -- MESSAGE`"


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_migrated_service_is_ready(client: httpx2.AsyncClient, path: str) -> None:
    """A service with a migrated database is ready."""
    assert (await client.get(path)).status_code == 200
