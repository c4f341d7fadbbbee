"""Products as they come and go over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from libs.web.pagination import Page
from libs.web.strict import NonNegativeInt64, SafeStr, SingleLineStr, StrictModel
from services.product_service.models import OwnerId, ProductId

UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

ProductKey = Annotated[ProductId, StringConstraints(pattern=UUID)]
"""A product's id in a path."""


class ProductInput(StrictModel):
    """What an owner says of a product. Each field is a column of `models.Product`."""

    name: SingleLineStr
    description: Annotated[SafeStr, Field(max_length=5000)] = ""
    price_cents: NonNegativeInt64 = Field(description="Price in minor units of the currency.")
    stock: NonNegativeInt64 = Field(default=0, description="How many pieces there are.")


class ProductView(BaseModel):
    """A product as clients see it. Each field is a column of `models.Product`."""

    model_config = ConfigDict(from_attributes=True)

    id: ProductId
    owner_id: OwnerId
    name: str
    description: str
    price_cents: int
    stock: int
    version: int
    created_at: datetime
    updated_at: datetime


class ProductPage(Page[ProductView]):
    """Some products of a list."""
