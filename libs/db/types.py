"""Column types that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import BigInteger, Dialect, String
from sqlalchemy.types import TypeDecorator

E = TypeVar("E", bound=StrEnum)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return the microseconds from 1970-01-01T00:00:00Z to `moment`. A naive datetime raises TypeError."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the point in time, in UTC, that is `micros` microseconds after 1970-01-01T00:00:00Z."""
    return _EPOCH + micros * _MICROSECOND


class Timestamp(TypeDecorator[datetime]):
    """A point in time, stored as integer microseconds since 1970-01-01T00:00:00Z and read as a datetime in UTC.

    SQLite has no type for a point in time, and an integer keeps every microsecond on both databases.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return the stored integer."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the datetime."""
        return None if value is None else from_micros(value)


COLUMN_TYPES = {datetime: Timestamp, int: BigInteger}
"""The `type_annotation_map` of a service's declarative base."""


class HexBytes(TypeDecorator[bytes]):
    """Bytes, stored as hexadecimal text, which shells and logs can show."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the stored text."""
        return None if value is None else value.hex()

    def process_result_value(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Return the bytes."""
        return None if value is None else bytes.fromhex(value)


class TextEnum(TypeDecorator[E]):
    """A member of a StrEnum, stored as its text. New members need no migration."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[E], length: int) -> None:
        super().__init__(length)
        self.kind = kind

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the stored text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:  # noqa: ARG002
        """Return the member; ValueError for a text that is none."""
        return None if value is None else self.kind(value)
