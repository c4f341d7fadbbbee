"""Query plans of lists: every combination of sort and filters uses an index."""

import re
from collections.abc import AsyncIterator, Mapping

import pytest
from sqlalchemy import text

from libs.db.sessions import SessionFactory, open_sessions
from libs.db.testing import Databases
from services.product_service.models import Listing, SortField
from services.product_service.repository.listings import listed
from services.product_service.tests.listing_cases import filter_names, listings

# Filters with which the index of an order still is the best way, for it has them too or they leave out little.
_IN_ORDER: Mapping[SortField, set[str]] = {
    SortField.CREATED_AT: {"owner", "in_stock"},
    SortField.PRICE: {"min_price_cents", "max_price_cents", "in_stock"},
    SortField.NAME: {"in_stock"},
}

_PRODUCTS = """
    INSERT INTO products (id, owner_id, name, description, price_cents, stock, version, created_at, updated_at)
    SELECT CAST(n AS text), 'owner ' || n % 50, 'name ' || n % 997, '', n % 1009, n % 3, 1, n / 2, n
"""
_FILL = {
    "sqlite": (
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 3000)"
        + _PRODUCTS
        + "FROM numbers",
        "INSERT INTO search_words (rowid, words) SELECT number, 'w' || number FROM product_words",
        "ANALYZE",
    ),
    "postgresql": (
        _PRODUCTS + "FROM generate_series(1, 3000) AS n",
        "UPDATE product_words SET search_words = array_to_tsvector(ARRAY['w' || number])",
        "ANALYZE",
    ),
}
# With these settings PostgreSQL scans or sorts only if it has no other plan, regardless of the estimated cost.
_NO_SCAN = "SET LOCAL enable_seqscan = off"
_NO_SORT = "SET LOCAL enable_sort = off"

# Plan steps that read all rows, and plan steps that sort rows.
_READS_ALL = re.compile(r"SCAN product(s|_words)(?! USING)|Seq Scan")
_SORTS = re.compile(r"TEMP B-TREE|Sort")
_FINDS_WORDS = re.compile(r"search_words VIRTUAL TABLE INDEX|Bitmap Index Scan on search_words")


@pytest.fixture
def url(databases: Databases) -> str:
    """A fresh database."""
    return databases.fresh()


@pytest.fixture
async def catalogue(url: str) -> AsyncIterator[SessionFactory]:
    """Enough products for the planner to prefer an index, with statistics."""
    sessions = open_sessions(url)
    async with sessions.begin() as session:
        for statement in _FILL[session.get_bind().dialect.name]:
            await session.execute(text(statement))
    yield sessions
    await sessions.close()


async def test_an_index_leads_to_every_list(catalogue: SessionFactory) -> None:
    """No combination of sort and filters reads all products."""
    for each in listings():
        plan = await _plan(catalogue, each, _NO_SCAN)
        assert not _READS_ALL.search(plan), (each, plan)


async def test_an_index_has_the_order_of_a_list(catalogue: SessionFactory) -> None:
    """The cost of a page does not depend on the size of the catalogue: nothing is sorted and no earlier row is read."""
    for each in listings():
        if filter_names(each) <= _IN_ORDER[each.sort.field]:
            plan = await _plan(catalogue, each, _NO_SCAN, _NO_SORT)
            assert not _SORTS.search(plan), (each, plan)
            assert ("products_by_owner" in plan) is ("owner" in filter_names(each)), (each, plan)


async def test_a_search_begins_with_the_words(catalogue: SessionFactory) -> None:
    """The words are looked up first, since few products have them."""
    for each in listings():
        if filter_names(each) == {"search"}:
            plan = await _plan(catalogue, each, _NO_SCAN)
            assert _FINDS_WORDS.search(plan), (each, plan)


async def _plan(sessions: SessionFactory, listing: Listing, *switches: str) -> str:
    async with sessions.begin() as session:
        connection = await session.connection()
        is_sqlite = connection.dialect.name == "sqlite"
        for switch in () if is_sqlite else switches:
            await connection.exec_driver_sql(switch)
        statement = listed(listing, dialect=connection.dialect.name).limit(21)
        literal = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN (COSTS OFF)"
        rows = await connection.exec_driver_sql(f"{explain} {literal}")
        return "\n".join(str(row[-1]) for row in rows)
