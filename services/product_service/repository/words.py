"""The words of products, by which they are searched.

The two pieces in which the databases differ, keeping words and finding them, are here: FTS5 on SQLite, a tsvector on
PostgreSQL. Both get words that were told apart already and hold letters and digits alone (see `service.words`), so
nothing in them means anything to a query.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from libs.db.database import Connection
from libs.db.statements import Either, Statement

_ANY_STALE = Statement("SELECT number FROM product_words WHERE is_stale = 1 LIMIT 1")
_STALE = Statement(
    """SELECT number, name, description FROM product_words JOIN products ON products.id = product_words.product_id
    WHERE is_stale = 1 ORDER BY number LIMIT :limit"""
)
_REFRESHED = Statement("UPDATE product_words SET is_stale = 0 WHERE is_stale = 1 AND number <= :last")

# Replaces the words of many rows: `batch` is a JSON list of pairs of number and words.
_KEEP = Statement(
    Either(
        sqlite="""
            INSERT OR REPLACE INTO search_words (rowid, words)
            SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:batch)
        """,
        postgres="""
            UPDATE product_words SET search_words = array_to_tsvector(string_to_array(pair ->> 1, ' '))
            FROM jsonb_array_elements(CAST(:batch AS jsonb)) AS pair WHERE number = CAST(pair ->> 0 AS bigint)
        """,
    )
)

# Each of the words in `search`, which stand with a space between any two, begins a word of the product.
HOLDS_WORDS = Either(
    # `tea gre` becomes `"tea"* "gre"*`, see https://www.sqlite.org/fts5.html, part 3.
    sqlite="""products.id IN (
        SELECT product_id FROM product_words WHERE number IN (
            SELECT rowid FROM search_words WHERE search_words MATCH '"' || replace(:search, ' ', '"* "') || '"*'
        )
    )""",
    # And here `tea:* & gre:*`, see https://www.postgresql.org/docs/current/datatype-textsearch.html.
    postgres="""products.id IN (
        SELECT product_id FROM product_words
        WHERE search_words @@ CAST(replace(:search, ' ', ':* & ') || ':*' AS tsquery)
    )""",
)


class Unsearched(NamedTuple):
    """A product whose words are not those of its text, by the number of its row of words."""

    number: int
    name: str
    description: str


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
