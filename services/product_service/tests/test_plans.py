"""How the databases carry out the lists: by an index, whatever is asked for together."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from libs.db.connect import connect
from libs.db.database import Database
from libs.db.statements import Either, Statement
from libs.db.testing import Databases
from services.product_service.models import SortField
from services.product_service.repository.listings import _statement
from services.product_service.tests.lists import lists

_VALUES: Mapping[str, object] = {
    "limit": 21,
    "owner": "owner 7",
    "min_price_cents": 100,
    "max_price_cents": 900,
    "search": "w77",
    "id": "7",
}
_PLACES: Mapping[SortField, int | str] = {SortField.CREATED_AT: 1000, SortField.PRICE: 500, SortField.NAME: "name 5"}
# Filters with which the index of an order still is the best way, for it has them too or they leave out little.
_IN_ORDER: Mapping[SortField, set[str]] = {
    SortField.CREATED_AT: {"owner", "in_stock"},
    SortField.PRICE: {"min_price_cents", "max_price_cents", "in_stock"},
    SortField.NAME: {"in_stock"},
}

_FILL = Statement(
    Either(
        sqlite="WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT 3000)", postgres=""
    ),
    """INSERT INTO products (id, owner_id, name, description, price_cents, stock, version, created_at, updated_at)
    SELECT CAST(n AS text), 'owner ' || n % 50, 'name ' || n % 997, '', n % 1009, n % 3, 1, n / 2, n""",
    Either(sqlite="FROM numbers", postgres="FROM generate_series(1, 3000) AS n"),
)
_WORDS = Statement(
    Either(
        sqlite="INSERT INTO search_words (rowid, words) SELECT number, 'w' || number FROM product_words",
        postgres="UPDATE product_words SET search_words = array_to_tsvector(ARRAY['w' || number])",
    )
)
_COUNT = Statement("ANALYZE")
# PostgreSQL then does these where there is no other way, and nothing hangs on what it guesses that they cost.
_NO_SCAN = Statement(Either(sqlite="SELECT 1", postgres="SET LOCAL enable_seqscan = off"))
_NO_SORT = Statement(Either(sqlite="SELECT 1", postgres="SET LOCAL enable_sort = off"))
_EXPLAIN = Either(sqlite="EXPLAIN QUERY PLAN", postgres="EXPLAIN (COSTS OFF)")

# What reads all rows, and what sorts those that it has read.
_READS_ALL = re.compile(r"SCAN product(s|_words)(?! USING)|Seq Scan")
_SORTS = re.compile(r"TEMP B-TREE|Sort")
_FINDS_WORDS = re.compile(r"search_words VIRTUAL TABLE INDEX|Bitmap Index Scan on search_words")


@pytest.fixture
def url(databases: Databases) -> str:
    """A fresh database."""
    return databases.fresh()


@pytest.fixture
async def catalogue(url: str) -> AsyncIterator[Database]:
    """Enough products for an index to be worth its while, and their numbers known to the planner."""
    database = await connect(url)
    for statement in (_FILL, _WORDS, _COUNT):
        await database.fetch_all(statement)
    yield database
    await database.close()


async def test_an_index_leads_to_every_list(catalogue: Database) -> None:
    """Whatever is asked for together, nobody reads all products for it."""
    for each in lists():
        plan = await _plan(catalogue, each, _NO_SCAN)
        assert not _READS_ALL.search(plan), (each, plan)


async def test_an_index_has_the_order_of_a_list(catalogue: Database) -> None:
    """A page of a catalogue of any size costs a page: nothing is sorted, nor is what came before read again."""
    for each in lists():
        if _filters(each) <= _IN_ORDER[each["sort"].field]:
            plan = await _plan(catalogue, each, _NO_SCAN, _NO_SORT)
            assert not _SORTS.search(plan), (each, plan)
            assert ("products_by_owner" in plan) is ("owner" in _filters(each)), (each, plan)


async def test_a_search_begins_with_the_words(catalogue: Database) -> None:
    """Few products have them, so nobody walks through all in the list's order to find those."""
    for each in lists():
        if _filters(each) == {"search"}:
            plan = await _plan(catalogue, each, _NO_SCAN)
            assert _FINDS_WORDS.search(plan), (each, plan)


def _filters(each: dict[str, Any]) -> set[str]:
    return {name for name, _ in each["conditions"]}


async def _plan(database: Database, each: dict[str, Any], *switches: Statement) -> str:
    explained, field = Statement(_EXPLAIN, *_statement(**each)._pieces), each["sort"].field
    async with database.transaction() as transaction:
        for switch in switches:
            await transaction.fetch_all(switch)
        rows = await transaction.fetch_all(explained, **_VALUES, value=_PLACES[field])
    return "\n".join(str(row[-1]) for row in rows)
