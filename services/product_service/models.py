"""The tables of the product service, and the values that its layers exchange.

The migrations are compared with `SCHEMA`. CHECK constraints, triggers, the collation of `name` and the full-text index
are only in the migrations, since alembic does not compare them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NewType, Self

from sqlalchemy import BigInteger, Identity, Index, Integer, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.db.schema import Schema
from libs.db.types import COLUMN_TYPES, to_micros
from libs.events.tables import add_event_tables

ProductId = NewType("ProductId", str)
OwnerId = NewType("OwnerId", str)
ReservationId = NewType("ReservationId", str)


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = COLUMN_TYPES


class Product(Base):
    """A product of the catalogue. The price is in minor units: cents, not euros. Archived products keep their row."""

    __tablename__ = "products"
    __table_args__ = (
        Index("products_by_creation", "created_at", "id"),
        Index("products_by_owner", "owner_id", "created_at", "id"),
        Index("products_by_price", "price_cents", "id"),
        Index("products_by_name", "name", "id"),
    )

    id: Mapped[ProductId] = mapped_column(String(36), primary_key=True)
    owner_id: Mapped[OwnerId] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    price_cents: Mapped[int]
    stock: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ProductWords(Base):
    """A row of the search index. Triggers add it and mark it stale; the words themselves are in `search_words`."""

    __tablename__ = "product_words"
    __table_args__ = (
        # As text: the columns are defined below.
        Index("search_stale", "number", sqlite_where=text("is_stale = 1"), postgresql_where=text("is_stale = 1")),
    )

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True)
    product_id: Mapped[ProductId] = mapped_column(String(36), unique=True)
    is_stale: Mapped[int]


class IdempotencyKey(Base):
    """The first answer to a request with an Idempotency-Key. `response` is NULL where revision 0003 wrote the row."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("idempotency_keys_by_time", "created_at"),)

    owner_id: Mapped[OwnerId] = mapped_column(String(255), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    product_id: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime]
    response: Mapped[str | None] = mapped_column(Text)


class Reservation(Base):
    """A quantity of a product that is reserved for a buyer until `expires_at`."""

    __tablename__ = "reservations"
    __table_args__ = (Index("reservations_by_expiry", "expires_at"),)

    id: Mapped[ReservationId] = mapped_column(String(36), primary_key=True)
    product_id: Mapped[ProductId] = mapped_column(String(36))
    buyer_id: Mapped[OwnerId] = mapped_column(String(255))
    quantity: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


_UNMANAGED = frozenset(
    {
        # The full-text index: a virtual table with shadow tables on SQLite, a column and an index on PostgreSQL.
        "search_words",
        *(f"search_words_{part}" for part in ("config", "content", "data", "docsize", "idx")),
        # Copied by migration 0004; for code of revision 0003 that still runs.
        "import_keys",
    }
)
add_event_tables(Base.metadata)
SCHEMA = Schema(Base.metadata, Path(__file__).parent / "migrations", _UNMANAGED)


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller that makes a change. An administrator may act for all users."""

    id: OwnerId
    is_admin: bool = False

    def owns(self, product: Product) -> bool:
        """Whether the actor may change this product."""
        return self.is_admin or product.owner_id == self.id


class OwnerNameStatus(StrEnum):
    """Whether a product's view has the display name of its owner."""

    KNOWN = "known"
    MISSING = "missing"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class OwnerName:
    """The display name of an owner, or why there is none."""

    status: OwnerNameStatus
    name: str | None = None

    @classmethod
    def known(cls, name: str) -> Self:
        """Return a name."""
        return cls(OwnerNameStatus.KNOWN, name)

    @classmethod
    def missing(cls) -> Self:
        """Return the status of an owner that has no account or is a service."""
        return cls(OwnerNameStatus.MISSING)

    @classmethod
    def unavailable(cls) -> Self:
        """Return the status for a user service that does not answer, or for which there are no credentials."""
        return cls(OwnerNameStatus.UNAVAILABLE)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which products to list; None leaves none out. Each word of `search` begins a word of the product."""

    owner: OwnerId | None = None
    min_price_cents: int | None = None
    max_price_cents: int | None = None
    in_stock: bool | None = None
    search: str | None = None


class SortField(StrEnum):
    """The values that products can be sorted by; their id decides between equal values."""

    CREATED_AT = "created_at"
    PRICE = "price"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of products."""

    field: SortField
    is_descending: bool

    def value_of(self, product: Product) -> int | str:
        """Return the value by which the product is sorted, in the form that a cursor holds."""
        match self.field:
            case SortField.CREATED_AT:
                return to_micros(product.created_at)
            case SortField.PRICE:
                return product.price_cents
            case SortField.NAME:
                return product.name


@dataclass(frozen=True, slots=True)
class Listing:
    """Which products in which order, after which sort value and id."""

    filters: Filters
    sort: Sort
    after: tuple[int | str, str] | None = None
