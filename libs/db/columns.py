"""What columns hold, so that it means the same on SQLite and PostgreSQL and crosses the driver untouched.

Identifiers are text, moments are integers (microseconds since 1970, UTC), amounts are 64-bit
integers. Nothing is converted on the way, so a statement runs on the bare driver, and a value
read is the value written, on either database.
"""

from datetime import UTC, datetime, timedelta
from typing import NewType

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> Micros:
    """A point in time as it is stored. A naive one raises TypeError."""
    return Micros((moment - _EPOCH) // _MICROSECOND)


def at(stored: int) -> datetime:
    """A stored point in time, in UTC."""
    return _EPOCH + stored * _MICROSECOND
