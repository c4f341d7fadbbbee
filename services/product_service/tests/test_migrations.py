"""Code of one revision goes on working on the tables of the next, and what it stored is kept."""

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from libs.auth.testing import FakeClock
from libs.db.connect import connect
from libs.db.database import Database
from libs.db.migrate import upgrade
from libs.db.statements import Statement, insertion
from libs.db.testing import open_databases
from services.product_service.models import Filters, Listing, Sort, SortField
from services.product_service.service.products import Catalogue
from services.product_service.service.search import SearchIndex
from services.product_service.settings import ProductSettings
from services.product_service.tests.conftest import SCRIPTS

# As revision 0001 had it, whose code may still run when the newest migration has.
_COLUMNS = ("id", "owner_id", "name", "description", "price_cents", "stock", "version", "created_at", "updated_at")
_INSERT = insertion("products", _COLUMNS)
_RENAME = Statement("UPDATE products SET name = :name WHERE id = :id")
_LONG = "x" * 5000


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def old_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database at revision 0001."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "scripts").mkdir()
    first = SCRIPTS / "m0001_products.py"
    (folder / "scripts" / first.name).write_bytes(first.read_bytes())
    with open_databases(request.param, folder, folder / "scripts") as opened:
        yield opened.fresh()


async def test_what_old_code_stores_new_code_finds(settings: ProductSettings) -> None:
    """While both run, products of the older one are listed, and found by their words of now."""
    database = await connect(settings.database)
    try:
        made = await _insert(database, "Green TEA-pot", _LONG)
        assert await _found(database, "pot tea") == [made]
        await database.fetch_all(_RENAME, id=made, name="Kettle")
        assert await _found(database, "tea") == []
        assert await _found(database, "kettle") == [made]
    finally:
        await database.close()


async def test_what_was_stored_before_is_found(old_database: str) -> None:
    """Products of before the migration have words too, also where they are more than are taken at once."""
    database = await connect(old_database)
    try:
        made = {await _insert(database, f"Crème {number}", "") for number in range(501)}
        await asyncio.to_thread(upgrade, old_database, SCRIPTS)
        assert set(await _found(database, "creme")) == made
    finally:
        await database.close()


async def _insert(database: Database, name: str, description: str) -> str:
    made = str(uuid.uuid4())
    texts = {"owner_id": "ann", "name": name, "description": description}
    await database.fetch_all(_INSERT, id=made, **texts, price_cents=1, stock=1, version=1, created_at=1, updated_at=1)
    return made


async def _found(database: Database, search: str) -> list[str]:
    catalogue = Catalogue(database, SearchIndex(database), FakeClock())
    listing = Listing(Filters(search=search), Sort(SortField.NAME, is_descending=False), None)
    return [product.id for product in await catalogue.page(listing, limit=1000)]
