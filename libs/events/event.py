"""The base of every event: a CloudEvent 1.0 in structured JSON, whose `data` is a model of its owner.

    class ProductArchivedData(EventData):
        owner_id: str

    class ProductArchived(Event[ProductArchivedData]):
        source: Literal["product_service"] = "product_service"
        type: Literal["product.archived"] = "product.archived"
        dataversion: Literal[1] = 1

    data = ProductArchivedData(owner_id=product.owner_id)
    ProductArchived(subject=product.id, aggregateversion=product.version, data=data)

A new optional member of `data` keeps `dataversion`: consumers ignore members that they do not know. A change that an
older consumer cannot read increases it, and such a consumer moves the event to its dead letters.
"""

from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, TypeVar
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

CONTENT_TYPE = "application/cloudevents+json"
SUBJECT_PREFIX = "events"
"""First token of the NATS subject of every event."""

_MAX_INTEGER = 2**31 - 1
"""Largest Integer of CloudEvents 1.0, section 2 (Type System)."""
_NAME = r"^[a-z0-9_]+$"
_TYPE = r"^[a-z0-9_]+(\.[a-z0-9_]+)+$"

PositiveInt32 = Annotated[int, Field(ge=1, le=_MAX_INTEGER)]


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id() -> str:
    return str(uuid4())


class EventData(BaseModel):
    """Base of the `data` of events. Unknown members are ignored, so that an older consumer reads a newer event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Attributes(BaseModel):
    """The attributes of an event, without its data. Names are those of CloudEvents 1.0 and its extensions.

    Attributes:
        specversion: version of CloudEvents.
        id: unique among all events; the inbox and JetStream recognise duplicates by it.
        source: service that owns the event; a subclass sets it.
        type: aggregate and what happened to it, such as `user.renamed`; a subclass sets it.
        subject: id of the aggregate, such as that of the user.
        time: when the change was made.
        dataversion: version of the format of `data`; a subclass sets it.
        aggregateversion: version of the aggregate after the change; it only grows.
        traceparent: W3C trace context of the change; `record` sets it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(default_factory=_new_id, min_length=1, max_length=64)
    source: str = Field(pattern=_NAME, max_length=64)
    type: str = Field(pattern=_TYPE, max_length=128)
    subject: str = Field(min_length=1, max_length=255)
    time: AwareDatetime = Field(default_factory=_now)
    datacontenttype: Literal["application/json"] = "application/json"
    dataversion: PositiveInt32
    aggregateversion: PositiveInt32
    traceparent: str | None = Field(default=None, max_length=64)

    @property
    def aggregate(self) -> str:
        """Return the name of the aggregate among all services, such as `user_service.user`."""
        return f"{self.source}.{self.type.partition('.')[0]}"

    @property
    def nats_subject(self) -> str:
        """Return the NATS subject that the event is published on."""
        return nats_subject(self.source, self.type)


D = TypeVar("D", bound=EventData)


class Event(Attributes, Generic[D]):
    """An event with its data. Each subclass gives `source`, `type` and `dataversion` a Literal and its value."""

    data: D


def nats_subject(source: str, kind: str) -> str:
    """Return the NATS subject of events of a source and a type, such as `events.user_service.user.renamed`."""
    return f"{SUBJECT_PREFIX}.{source}.{kind}"


def constant(event: type[Event[D]], attribute: Literal["source", "type"]) -> str:
    """Return the value that a class of events gives to one of its attributes."""
    return str(event.model_fields[attribute].default)


def newest_version(event: type[Event[D]]) -> int:
    """Return the newest `dataversion` that a class of events reads: its default."""
    return int(event.model_fields["dataversion"].default)
