"""Reservations over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from libs.web.strict import StrictModel
from services.product_service.models import ProductId, ReservationId
from services.product_service.schemas.products import UUID

ReservationKey = Annotated[ReservationId, StringConstraints(pattern=UUID)]
"""A reservation's id in a path."""


class ReservationInput(StrictModel):
    """Number of pieces to reserve."""

    quantity: Annotated[int, Field(ge=1, le=1_000_000)]


class ReservationView(BaseModel):
    """A reservation, for its buyer."""

    model_config = ConfigDict(from_attributes=True)

    id: ReservationId
    product_id: ProductId
    quantity: int
    created_at: datetime
    expires_at: datetime = Field(description="After this time the pieces return to the stock.")
