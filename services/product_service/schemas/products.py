"""Requests and responses about products."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from libs.web.pagination import Page
from libs.web.strict import NonNegativeInt64, SafeStr, SingleLineStr, StrictModel
from services.product_service.models import OwnerId, OwnerName, OwnerNameStatus, ProductId

UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

ProductKey = Annotated[ProductId, StringConstraints(pattern=UUID)]
"""A product's id in a path."""


class ProductInput(StrictModel):
    """A product as its owner describes it. Each field is a column of `models.Product`."""

    name: SingleLineStr
    description: Annotated[SafeStr, Field(max_length=5000)] = ""
    price_cents: NonNegativeInt64 = Field(description="Price in minor units of the currency.")
    stock: NonNegativeInt64 = Field(default=0, description="Number of pieces in stock.")


class ProductView(BaseModel):
    """A product as clients see it. Each field is a column of `models.Product`, those of the owner's name excepted."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: ProductId
    owner_id: OwnerId
    owner_name: str | None = Field(default=None, description="The owner's display name; null unless it is known.")
    owner_name_status: OwnerNameStatus = Field(
        default=OwnerNameStatus.UNAVAILABLE,
        description="`known`; `missing`: the owner has no account (any more) or is a service; `unavailable`: the user "
        "service gives no name at present.",
    )
    name: str
    description: str
    price_cents: int
    stock: int
    version: int
    created_at: datetime
    updated_at: datetime

    def with_owner(self, owner: OwnerName) -> Self:
        """Return the view with the display name of the owner."""
        return self.model_copy(update={"owner_name": owner.name, "owner_name_status": owner.status})


class ProductPage(Page[ProductView]):
    """Some products of a list."""
