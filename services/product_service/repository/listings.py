"""Lists of products: filtered, sorted, searched."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache

from libs.db.database import Connection
from libs.db.statements import Either, Statement
from services.product_service.models import Filters, Listing, Product, Sort, SortField
from services.product_service.repository.products import COLUMNS, LIVE
from services.product_service.repository.words import HOLDS_WORDS

_SORTED_BY = {
    SortField.CREATED_AT: "created_at",
    SortField.PRICE: "price_cents",
    SortField.NAME: "name",
}
_CONDITIONS: dict[tuple[str, bool | None], str | Either] = {
    ("owner", None): "owner_id = :owner",
    ("min_price_cents", None): "price_cents >= :min_price_cents",
    ("max_price_cents", None): "price_cents <= :max_price_cents",
    ("in_stock", True): "stock > 0",
    ("in_stock", False): "stock = 0",
    ("search", None): HOLDS_WORDS,
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


# Closed sets of sorts and filters make some hundred statements at most, each put together when it is first needed.
@cache
def _statement(sort: Sort, conditions: _Conditions, *, is_first: bool) -> Statement:
    column, way = _SORTED_BY[sort.field], "DESC" if sort.is_descending else "ASC"
    where: list[str | Either] = [_CONDITIONS[each] for each in conditions]
    if not is_first:
        where += [f"({column}, id) {'<' if sort.is_descending else '>'} (:value, :id)"]
    narrower = [piece for condition in where for piece in ("AND", condition)]
    order = f"ORDER BY {column} {way}, id {way} LIMIT :limit"
    return Statement("SELECT", COLUMNS, "FROM products WHERE", LIVE, *narrower, order)
