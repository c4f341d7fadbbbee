"""Events of an imaginary service, `shop`."""

from typing import Literal

from pydantic import ConfigDict

from libs.events.event import Event, EventData


class OrderData(EventData):
    """An order after a change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "fragile"}]})

    note: str
    gift: bool = False


class OrderPlaced(Event[OrderData]):
    """An order was placed."""

    source: Literal["shop"] = "shop"
    type: Literal["order.placed"] = "order.placed"
    dataversion: Literal[1] = 1


class OrderChanged(Event[OrderData]):
    """An order was changed."""

    source: Literal["shop"] = "shop"
    type: Literal["order.changed"] = "order.changed"
    dataversion: Literal[1, 2] = 2
