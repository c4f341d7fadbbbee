"""Every combination of sort and filters of a listing."""

import itertools
from collections.abc import Iterator
from typing import Any

from services.product_service.models import Filters, Listing, OwnerId, Sort, SortField

_FILTERS: tuple[dict[str, Any], ...] = (
    {"owner": OwnerId("owner 7")},
    {"min_price_cents": 100},
    {"max_price_cents": 900},
    {"in_stock": True},
    {"in_stock": False},
    {"search": "w77"},
)
_POSITIONS: dict[SortField, tuple[int | str, str]] = {
    SortField.CREATED_AT: (1000, "7"),
    SortField.PRICE: (500, "7"),
    SortField.NAME: ("name 5", "7"),
}


def listings() -> Iterator[Listing]:
    """Return each combination of sort and filters, as a first page and as a later one."""
    for field, is_descending, is_first in itertools.product(SortField, (False, True), (False, True)):
        for count in range(len(_FILTERS) + 1):
            for chosen in itertools.combinations(_FILTERS, count):
                filters = Filters(**{name: value for each in chosen for name, value in each.items()})
                yield Listing(filters, Sort(field, is_descending), None if is_first else _POSITIONS[field])


def filter_names(listing: Listing) -> set[str]:
    """Return the names of the filters that a listing has."""
    names = ("owner", "min_price_cents", "max_price_cents", "in_stock", "search")
    return {name for name in names if getattr(listing.filters, name) is not None}
