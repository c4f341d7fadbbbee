"""Products as they come and go over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from libs.db.columns import at
from libs.web.strict import CleanText, Count, Line, StrictModel
from services.product_service.models import Draft, OwnerId, Product, ProductId

UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

ProductKey = Annotated[ProductId, StringConstraints(pattern=UUID)]
"""A product's id as it stands in a path."""


class ProductDraft(StrictModel):
    """What an owner says of a product."""

    name: Line
    description: Annotated[CleanText, Field(max_length=5000)] = ""
    price_cents: Count = Field(description="Price in minor units of the currency.")
    stock: Count = Field(default=0, description="How many there are.")

    def draft(self) -> Draft:
        """The same in the catalogue's terms."""
        return Draft(self.name, self.description, self.price_cents, self.stock)


class ProductView(BaseModel):
    """A product as everybody may see it."""

    id: ProductId
    owner_id: OwnerId
    name: str
    description: str
    price_cents: int
    stock: int
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, product: Product) -> "ProductView":
        """What is shown of `product`."""
        return cls(
            id=product.id,
            owner_id=product.owner_id,
            name=product.name,
            description=product.description,
            price_cents=product.price_cents,
            stock=product.stock,
            version=product.version,
            created_at=at(product.created_at),
            updated_at=at(product.updated_at),
        )
