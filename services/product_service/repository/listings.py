"""Lists of products: filtered, sorted, searched."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.db.database import Connection
from services.product_service.models import Filters, Listing, Product, Sort, SortField
from services.product_service.repository.products import COLUMNS, LIVE
from services.product_service.repository.words import HoldsWords
from services.product_service.tables import products

_SORTED_BY = {
    SortField.CREATED_AT: products.c.created_at,
    SortField.PRICE: products.c.price_cents,
    SortField.NAME: products.c.name,
}
_CONDITIONS = {
    ("owner", None): products.c.owner_id == bindparam("owner"),
    ("min_price_cents", None): products.c.price_cents >= bindparam("min_price_cents"),
    ("max_price_cents", None): products.c.price_cents <= bindparam("max_price_cents"),
    ("in_stock", True): products.c.stock > 0,
    ("in_stock", False): products.c.stock == 0,
    ("search", None): HoldsWords(bindparam("search", type_=sa.Text)),
}
_Conditions = frozenset[tuple[str, bool | None]]


async def page(connection: Connection, listing: Listing, *, limit: int) -> Sequence[Product]:
    """Up to `limit` products of the list."""
    statement = _statement(listing.sort, _conditions(listing.filters), is_first=listing.after is None)
    values: dict[str, object] = {"limit": limit, **asdict(listing.filters)}
    if listing.after is not None:
        values |= {"value": listing.after.value, "id": listing.after.id}
    return [Product(*row) for row in await connection.fetch_all(statement, **values)]


def _conditions(filters: Filters) -> _Conditions:
    given = {name: value for name, value in asdict(filters).items() if value is not None}
    return frozenset((name, value if isinstance(value, bool) else None) for name, value in given.items())


# Closed sets of sorts and filters make some hundred statements at most, each compiled when it is first needed.
@cache
def _statement(sort: Sort, conditions: _Conditions, *, is_first: bool) -> sa.Select[tuple[object, ...]]:
    column = _SORTED_BY[sort.field]
    order = [each.desc() if sort.is_descending else each.asc() for each in (column, products.c.id)]
    where = [_CONDITIONS[each] for each in conditions]
    if not is_first:
        place = sa.tuple_(bindparam("value", type_=column.type), bindparam("id", type_=products.c.id.type))
        row = sa.tuple_(column, products.c.id)
        where.append(row < place if sort.is_descending else row > place)
    return sa.select(*COLUMNS).where(LIVE, *where).order_by(*order).limit(bindparam("limit"))
