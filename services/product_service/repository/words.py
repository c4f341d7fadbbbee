"""The words of products, by which they are searched.

The two pieces in which the databases differ, keeping words and finding them, are here: FTS5 on SQLite, a tsvector on
PostgreSQL. Both get words that were told apart already and hold letters and digits alone (see `service.words`), so
nothing in them means anything to a query.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from libs.db.database import Connection
from services.product_service.tables import product_words, products

_IS_STALE = product_words.c.is_stale == sa.literal_column("1")
_ANY_STALE = sa.select(product_words.c.number).where(_IS_STALE).limit(1)
_STALE = (
    sa.select(product_words.c.number, products.c.name, products.c.description)
    .join_from(product_words, products, products.c.id == product_words.c.product_id)
    .where(_IS_STALE)
    .order_by(product_words.c.number)
    .limit(bindparam("limit"))
)
_REFRESHED = (
    sa.update(product_words)
    .where(_IS_STALE, product_words.c.number <= bindparam("last"))
    .values(is_stale=sa.literal_column("0"))
)

_KEEP_IN_FTS5 = """
    INSERT OR REPLACE INTO search_words (rowid, words)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each({batch})
"""
_KEEP_IN_TSVECTOR = """
    UPDATE product_words SET search_words = array_to_tsvector(string_to_array(pair ->> 1, ' '))
    FROM jsonb_array_elements(CAST({batch} AS jsonb)) AS pair WHERE number = CAST(pair ->> 0 AS bigint)
"""
# `tea gre` becomes `"tea"* "gre"*`, see https://www.sqlite.org/fts5.html, part 3.
_FOUND_BY_FTS5 = """products.id IN (
    SELECT product_id FROM product_words WHERE number IN (
        SELECT rowid FROM search_words WHERE search_words MATCH '"' || replace({words}, ' ', '"* "') || '"*'
    )
)"""
# And here `tea:* & gre:*`, see https://www.postgresql.org/docs/current/datatype-textsearch.html.
_FOUND_BY_TSVECTOR = """products.id IN (
    SELECT product_id FROM product_words WHERE search_words @@ CAST(replace({words}, ' ', ':* & ') || ':*' AS tsquery)
)"""


class Unsearched(NamedTuple):
    """A product whose words are not those of its text, by the number of its row of words."""

    number: int
    name: str
    description: str


class _KeepWords(sa.Executable, sa.ClauseElement):
    """Replace the words of many rows: `batch` is a JSON list of pairs of number and words."""

    batch = bindparam("batch", type_=sa.Text)


class HoldsWords(sa.ColumnElement[bool]):
    """Each of the words, which stand with a space between any two, begins a word of the product."""

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, words: sa.BindParameter[str]) -> None:
        self.words = words


@compiles(_KeepWords, "sqlite")
def _keep_in_fts5(statement: _KeepWords, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401  # SQLAlchemy's
    return _KEEP_IN_FTS5.format(batch=compiler.process(statement.batch, **options))


@compiles(_KeepWords, "postgresql")
def _keep_in_tsvector(statement: _KeepWords, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401  # likewise
    return _KEEP_IN_TSVECTOR.format(batch=compiler.process(statement.batch, **options))


@compiles(HoldsWords, "sqlite")
def _found_by_fts5(condition: HoldsWords, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401  # likewise
    return _FOUND_BY_FTS5.format(words=compiler.process(condition.words, **options))


@compiles(HoldsWords, "postgresql")
def _found_by_tsvector(condition: HoldsWords, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401  # likewise
    return _FOUND_BY_TSVECTOR.format(words=compiler.process(condition.words, **options))


_KEEP = _KeepWords()


async def any_stale(connection: Connection) -> bool:
    """Whether there are products whose words are not those of their text."""
    return await connection.fetch_one(_ANY_STALE) is not None


async def stale(connection: Connection, *, limit: int) -> Sequence[Unsearched]:
    """Up to `limit` such products, in the order of their numbers."""
    return [Unsearched(*row) for row in await connection.fetch_all(_STALE, limit=limit)]


async def keep(transaction: Connection, words: Sequence[tuple[int, str]]) -> None:
    """Keep the words of the first that are stale, by their numbers."""
    await transaction.fetch_all(_KEEP, batch=json.dumps(words))
    await transaction.fetch_all(_REFRESHED, last=words[-1][0])
