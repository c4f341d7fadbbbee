"""Every list that can be asked for."""

import itertools
from collections.abc import Iterator
from typing import Any

from services.product_service.models import Sort, SortField
from services.product_service.repository.listings import _CONDITIONS


def lists() -> Iterator[dict[str, Any]]:
    """What makes the statement of each: sort, filters, and whether it is a first page."""
    for field, is_descending, is_first in itertools.product(SortField, (False, True), (False, True)):
        for count in range(len(_CONDITIONS) + 1):
            for conditions in itertools.combinations(_CONDITIONS, count):
                sort = Sort(field, is_descending=is_descending)
                yield {"sort": sort, "conditions": frozenset(conditions), "is_first": is_first}
