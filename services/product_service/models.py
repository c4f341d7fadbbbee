"""The catalogue's values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from libs.db.columns import Micros

ProductId = NewType("ProductId", str)
OwnerId = NewType("OwnerId", str)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an owner says of a product. The price is in minor units: cents, not euros."""

    name: str
    description: str
    price_cents: int
    stock: int


@dataclass(frozen=True, slots=True)
class Product:
    """A product as stored; the fields are in the order of the table's columns."""

    id: ProductId
    owner_id: OwnerId
    name: str
    description: str
    price_cents: int
    stock: int
    version: int
    created_at: Micros
    updated_at: Micros


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an owner, or an administrator who may act for all owners."""

    id: OwnerId
    is_admin: bool = False

    def owns(self, product: Product) -> bool:
        """Whether the actor may change this product."""
        return self.is_admin or product.owner_id == self.id


@dataclass(frozen=True, slots=True)
class Filters:
    """Which products are meant; what is None leaves none out. Each word of `search` begins a word of the product."""

    owner: OwnerId | None = None
    min_price_cents: int | None = None
    max_price_cents: int | None = None
    in_stock: bool | None = None
    search: str | None = None


class SortField(StrEnum):
    """What products may be sorted by; their id decides between equals."""

    CREATED_AT = "created_at"
    PRICE = "price"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of products."""

    field: SortField
    is_descending: bool

    def value_of(self, product: Product) -> int | str:
        """What the product's place in this order depends on."""
        match self.field:
            case SortField.CREATED_AT:
                return product.created_at
            case SortField.PRICE:
                return product.price_cents
            case SortField.NAME:
                return product.name


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: after the product with this value of what it is sorted by, and this id."""

    value: int | str
    id: ProductId


@dataclass(frozen=True, slots=True)
class Listing:
    """Which products in which order, from where on."""

    filters: Filters
    sort: Sort
    after: Position | None
