"""Events of an imaginary service, `shop`, that the tests publish and consume."""

from typing import Literal

from libs.events.event import Event, EventData


class OrderData(EventData):
    """An order after a change."""

    note: str = ""


class OrderPlaced(Event[OrderData]):
    """An order was placed."""

    source: Literal["shop"] = "shop"
    type: Literal["order.placed"] = "order.placed"
    dataversion: Literal[1] = 1


class OrderChanged(Event[OrderData]):
    """An order was changed."""

    source: Literal["shop"] = "shop"
    type: Literal["order.changed"] = "order.changed"
    dataversion: Literal[1] = 1
