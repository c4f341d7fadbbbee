"""The events of the product service: the contract with the services that consume them. See docs/events.md."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from libs.events.event import Event, EventData


class ProductArchivedData(EventData):
    """Whose product it was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner_id": "5b1f6f0e-7f0e-4d36-9d0e-3f3c0d6d9a11"}]})

    owner_id: Annotated[str, Field(min_length=1, max_length=255, description="Id of the user who owned the product.")]


class ProductArchived(Event[ProductArchivedData]):
    """A product was archived: its row is kept, and clients do not find it. `subject` is the id of the product."""

    source: Literal["product_service"] = "product_service"
    type: Literal["product.archived"] = "product.archived"
    dataversion: Literal[1] = 1
