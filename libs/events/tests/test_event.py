"""Events are CloudEvents 1.0 in structured JSON."""

import json

import pytest
from pydantic import ValidationError

from libs.events.event import constant, newest_version
from libs.events.tests.orders import OrderChanged, OrderData


def test_an_event_is_a_structured_cloud_event() -> None:
    """The attributes that CloudEvents 1.0 requires are members beside `data`; absent ones are left out."""
    event = OrderChanged(subject="7", aggregateversion=3, data=OrderData(note="n"))
    found = json.loads(event.model_dump_json(exclude_none=True))
    assert found.pop("id") == event.id
    assert found.pop("time").endswith("Z")
    assert found == {
        "specversion": "1.0",
        "source": "shop",
        "type": "order.changed",
        "subject": "7",
        "datacontenttype": "application/json",
        "dataversion": 1,
        "aggregateversion": 3,
        "data": {"note": "n"},
    }


def test_the_class_says_what_it_reads() -> None:
    """A consumer finds the class of a message by source, type and version."""
    assert (constant(OrderChanged, "source"), constant(OrderChanged, "type")) == ("shop", "order.changed")
    assert newest_version(OrderChanged) == 1
    event = OrderChanged(subject="7", aggregateversion=3, data=OrderData())
    assert event.nats_subject == "events.shop.order.changed"
    assert event.aggregate == "shop.order"


def test_members_that_came_later_are_ignored() -> None:
    """An older consumer reads a newer event of the same version."""
    event = OrderChanged(subject="7", aggregateversion=3, data=OrderData(note="n"))
    newer = event.model_dump(mode="json", exclude_none=True) | {"partition": "x", "data": {"note": "n", "new": 1}}
    assert OrderChanged.model_validate(newer) == event


@pytest.mark.parametrize(
    "changed", [{"dataversion": 2}, {"type": "order.placed"}, {"subject": ""}, {"aggregateversion": 2**31}]
)
def test_other_events_are_rejected(changed: dict[str, object]) -> None:
    """Events with another type or version, or an attribute that CloudEvents does not allow, are rejected."""
    event = OrderChanged(subject="7", aggregateversion=3, data=OrderData(note="n"))
    with pytest.raises(ValidationError):
        OrderChanged.model_validate(event.model_dump(mode="json", exclude_none=True) | changed)
