"""The catalogue's values."""

from dataclasses import dataclass
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
class Position:
    """A place in a list: after the product with this moment and id."""

    created_at: Micros
    id: ProductId
