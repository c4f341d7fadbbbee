"""Keyset pagination: the rows after a position, found through an index however far the position is."""

from typing import Any, TypeVar

from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

S = TypeVar("S", bound=Select[Any])


def after(
    statement: S,
    order: tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any]],
    position: tuple[Any, Any] | None,
    *,
    is_descending: bool,
) -> S:
    """Sort `statement` by two columns and leave out the rows up to `position`.

    Args:
        statement: a SELECT without ORDER BY.
        order: the column that the list is sorted by, and the key that decides between equal values.
        position: the values of both in the last row of the page before; None for the first page.
        is_descending: whether both columns are sorted from the largest value on.
    """
    if position is not None:
        values = (literal(value, column.type) for value, column in zip(position, order, strict=True))
        here, there = tuple_(*order), tuple_(*values)
        statement = statement.where(here < there if is_descending else here > there)
    return statement.order_by(*(column.desc() if is_descending else column.asc() for column in order))
