"""Reservations as they come in over HTTP."""

from typing import Annotated

from pydantic import Field

from libs.web.strict import StrictModel


class Reservation(StrictModel):
    """How many pieces are to be set aside."""

    quantity: Annotated[int, Field(ge=1, le=1_000_000)]
