"""Code of one revision works on the tables of the next, and what it stored is kept."""

import asyncio
import json
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from libs.clock.testing import FakeClock
from libs.db.migrations import upgrade
from libs.db.sessions import SessionFactory, open_sessions
from libs.db.testing import Databases, open_databases
from services.product_service.models import SCHEMA, Actor, Filters, IdempotencyKey, Listing, OwnerId, Sort, SortField
from services.product_service.schemas.products import ProductInput
from services.product_service.service.idempotency import request_digest
from services.product_service.service.products import ProductService
from services.product_service.service.search import SearchIndex
from services.product_service.settings import ProductSettings

# As revision 0001 had it, whose code may still run when the newest migration has.
_INSERT = text(
    "INSERT INTO products (id, owner_id, name, description, price_cents, stock, version, created_at, updated_at)"
    "VALUES (:id, 'ann', :name, :description, 1, 1, 1, 1, 1)"
)
_RENAME = text("UPDATE products SET name = :name WHERE id = :id")
_KEEP_KEY = text(
    "INSERT INTO idempotency_keys (owner_id, key, request_digest, product_id, created_at)"
    "VALUES ('ann', 'order-1', :digest, :product_id, 1)"
)
_KEEP_IMPORT = text("INSERT INTO import_keys VALUES ('ann', :key, 'digest', 7, 1)")
_LONG = "x" * 5000


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def old_databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases at revision 0001."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "scripts").mkdir()
    first = SCHEMA.scripts / "m0001_products.py"
    (folder / "scripts" / first.name).write_bytes(first.read_bytes())
    with open_databases(request.param, folder, folder / "scripts") as opened:
        yield opened


@pytest.fixture
def old_database(old_databases: Databases) -> str:
    """The URL of one of them."""
    return old_databases.fresh()


async def test_what_old_code_stores_new_code_finds(settings: ProductSettings) -> None:
    """While both revisions run, products of the older code are listed and found by their current words."""
    sessions = open_sessions(settings.database)
    try:
        made = await _insert(sessions, "Green TEA-pot", _LONG)
        assert await _found(sessions, "pot tea") == [made]
        async with sessions.begin() as session:
            await session.execute(_RENAME, {"id": made, "name": "Kettle"})
        assert await _found(sessions, "tea") == []
        assert await _found(sessions, "kettle") == [made]
    finally:
        await sessions.close()


async def test_what_was_stored_before_is_found(old_database: str) -> None:
    """Products stored before the migration are found by words, also if they are more than one batch."""
    sessions = open_sessions(old_database)
    try:
        made = {await _insert(sessions, f"Crème {number}", "") for number in range(501)}
        await asyncio.to_thread(upgrade, old_database, SCHEMA.scripts)
        assert set(await _found(sessions, "creme")) == made
    finally:
        await sessions.close()


async def test_a_key_of_older_code_gives_its_product(settings: ProductSettings) -> None:
    """A repeated request that code of revision 0003 has served is not executed again; it returns that product."""
    sessions, given = open_sessions(settings.database), ProductInput(name="Tea", price_cents=1)
    try:
        made = await _insert(sessions, "Tea", "")
        async with sessions.begin() as session:
            await session.execute(_KEEP_KEY, {"digest": request_digest(given.model_dump()), "product_id": made})
        answer = await _products(sessions).create(given, Actor(OwnerId("ann")), idempotency_key="order-1")
        assert answer.id == made
    finally:
        await sessions.close()


async def test_keys_of_imports_are_kept(old_database: str) -> None:
    """The keys of older imports are copied to the new table, with their responses."""
    sessions = open_sessions(old_database)
    try:
        await asyncio.to_thread(upgrade, old_database, SCHEMA.scripts, target="0003")
        async with sessions.begin() as session:
            await session.execute(_KEEP_IMPORT, {"key": "both"})
            await session.execute(_KEEP_IMPORT, {"key": "import"})
            await session.execute(_KEEP_KEY, {"digest": "other", "product_id": "x"})
        await asyncio.to_thread(upgrade, old_database, SCHEMA.scripts)
        async with sessions.read() as session:
            kept = await session.get(IdempotencyKey, ("ann", "import"))
            assert kept is not None
            assert (kept.request_digest, json.loads(kept.response or "")) == ("digest", {"imported": 7})
    finally:
        await sessions.close()


async def _insert(sessions: SessionFactory, name: str, description: str) -> str:
    made = str(uuid.uuid4())
    async with sessions.begin() as session:
        await session.execute(_INSERT, {"id": made, "name": name, "description": description})
    return made


def _products(sessions: SessionFactory) -> ProductService:
    return ProductService(sessions, SearchIndex(sessions), FakeClock())


async def _found(sessions: SessionFactory, search: str) -> list[str]:
    listing = Listing(Filters(search=search), Sort(SortField.NAME, is_descending=False))
    return [product.id for product in await _products(sessions).page(listing, limit=1000)]
