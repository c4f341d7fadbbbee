"""Lists of products: filtered, sorted, searched."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from libs.db.keyset import after
from libs.db.types import from_micros
from services.product_service.models import Filters, Listing, Product, SortField
from services.product_service.repository.search_index import holds_words

_COLUMNS: Mapping[SortField, InstrumentedAttribute[Any]] = {
    SortField.CREATED_AT: Product.created_at,
    SortField.PRICE: Product.price_cents,
    SortField.NAME: Product.name,
}


def listed(listing: Listing, *, dialect: str) -> Select[Product]:
    """Return the SELECT of a list, without a limit, for the dialect `sqlite` or `postgresql`."""
    order = (_COLUMNS[listing.sort.field], Product.id)
    position: tuple[object, str] | None = listing.after
    if listing.after is not None and listing.sort.field is SortField.CREATED_AT:
        position = (from_micros(int(listing.after[0])), listing.after[1])
    statement = _filtered(listing.filters, dialect=dialect)
    return after(statement, order, position, is_descending=listing.sort.is_descending)


def _filtered(filters: Filters, *, dialect: str) -> Select[Product]:
    statement = select(Product).where(Product.deleted_at.is_(None))
    if filters.owner is not None:
        statement = statement.where(Product.owner_id == filters.owner)
    if filters.min_price_cents is not None:
        statement = statement.where(Product.price_cents >= filters.min_price_cents)
    if filters.max_price_cents is not None:
        statement = statement.where(Product.price_cents <= filters.max_price_cents)
    if filters.in_stock is not None:
        statement = statement.where(Product.stock > 0 if filters.in_stock else Product.stock == 0)
    if filters.search is not None:
        statement = statement.where(holds_words(filters.search, dialect=dialect))
    return statement
