"""The full-text index: FTS5 on SQLite, `tsvector` on PostgreSQL.

Both get words that `service.search_terms` has split and normalised. Words have only letters, digits and their marks, so
none is an operator of a query. The tables of the index are not models: migration 0002 creates them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from services.product_service.models import Product, ProductWords

_FTS5 = sa.table("search_words", sa.column("rowid", sa.Integer), sa.column("words", sa.Text), sa.column("search_words"))
_TSVECTOR = sa.table("product_words", sa.column("number", sa.BigInteger), sa.column("search_words"))


def holds_words(words: str, *, dialect: str) -> sa.ColumnElement[bool]:
    """Return the condition that each of `words`, separated by spaces, is a prefix of a word of the product."""
    if dialect == "sqlite":
        # `tea gre` becomes `"tea"* "gre"*`, see https://www.sqlite.org/fts5.html, section 3.
        match = " ".join(f'"{word}"*' for word in words.split(" "))
        rows = sa.select(_FTS5.c.rowid).where(_FTS5.c.search_words.op("MATCH")(match))
        found = sa.select(ProductWords.product_id).where(ProductWords.number.in_(rows))
    else:
        # And here `tea:* & gre:*`, see https://www.postgresql.org/docs/current/datatype-textsearch.html.
        query = sa.cast(sa.literal(" & ".join(f"{word}:*" for word in words.split(" ")), sa.Text), TSQUERY)
        found = sa.select(ProductWords.product_id).where(
            sa.literal_column("product_words.search_words").op("@@")(query)
        )
    return Product.id.in_(found)


async def any_stale(session: AsyncSession) -> bool:
    """Return whether there are products whose indexed words are out of date."""
    statement = sa.select(ProductWords.number).where(ProductWords.is_stale == sa.literal_column("1")).limit(1)
    return await session.scalar(statement) is not None


async def stale(session: AsyncSession, *, limit: int) -> Sequence[tuple[int, str, str]]:
    """Return number, name and description of up to `limit` such products, in the order of their numbers."""
    statement = (
        sa.select(ProductWords.number, Product.name, Product.description)
        .join(Product, Product.id == ProductWords.product_id)
        .where(ProductWords.is_stale == sa.literal_column("1"))
        .order_by(ProductWords.number)
        .limit(limit)
    )
    return [(number, name, text) for number, name, text in await session.execute(statement)]


async def keep(session: AsyncSession, words: Sequence[tuple[int, str]]) -> None:
    """Store the words of the first stale products, by their numbers."""
    rows = [{"row": number, "text": text} for number, text in words]
    if session.get_bind().dialect.name == "sqlite":
        statement = sa.insert(_FTS5).prefix_with("OR REPLACE")
        await session.execute(statement.values(rowid=sa.bindparam("row"), words=sa.bindparam("text")), rows)
    else:
        lexemes = sa.func.array_to_tsvector(sa.func.string_to_array(sa.bindparam("text", type_=sa.Text), " "))
        update = sa.update(_TSVECTOR).where(_TSVECTOR.c.number == sa.bindparam("row"))
        await session.execute(update.values(search_words=lexemes), rows)
    last = words[-1][0]
    fresh = sa.update(ProductWords).where(ProductWords.is_stale == sa.literal_column("1"), ProductWords.number <= last)
    await session.execute(fresh.values(is_stale=0))
