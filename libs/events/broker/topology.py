"""The streams, consumers and permissions that follow from what each service publishes and consumes.

Retention: outbox rows and messages are kept for 7 days, inbox rows for 14. A row that is published again on its last
day is delivered for the last time 14 days after the change, when the inbox still recognises it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    ReplayPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from libs.events.broker.errors import InvalidTopologyError
from libs.events.broker.names import (
    ADMINISTRATOR,
    dead_letter_stream,
    dead_letter_subjects,
    durable_name,
    event_stream,
    event_subjects,
    inbox_prefix,
)

_DAY = 86_400.0
EVENTS_SECONDS = 7 * _DAY
DEAD_LETTERS_SECONDS = 30 * _DAY
DUPLICATE_WINDOW_SECONDS = 600.0
"""How long the server recognises a message that is published twice. The inbox recognises it for longer."""
ACK_WAIT_SECONDS = 30.0

_NAME = re.compile(r"[a-z0-9_]+")
_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


@dataclass(frozen=True, slots=True)
class ServiceEvents:
    """The events that a service publishes and consumes.

    Attributes:
        name: its name.
        publishes: types of its events, such as `user.renamed`.
        consumes: types of events that it consumes, by their owner.
    """

    name: str
    publishes: Sequence[str] = ()
    consumes: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Permissions:
    """The subjects that a user may publish to and subscribe to; all others are denied."""

    publish: Sequence[str]
    subscribe: Sequence[str]


@dataclass(frozen=True, slots=True)
class DurableConsumer:
    """A durable consumer of a stream."""

    stream: str
    config: ConsumerConfig


@dataclass(frozen=True, slots=True)
class Topology:
    """The streams and consumers of these services.

    Raises:
        InvalidTopologyError: a name is not valid, or a service consumes what its owner does not publish.
    """

    services: Sequence[ServiceEvents]
    replicas: int = 1
    """Copies of each stream, on as many servers."""

    def __post_init__(self) -> None:
        """Check that the services fit together."""
        for reason in _errors(self.services):
            raise InvalidTopologyError(reason)

    def streams(self) -> list[StreamConfig]:
        """Return the stream of each service that publishes, and the dead letters of each that consumes."""
        found = [
            self._stream(event_stream(each.name), event_subjects(each.name), max_age=EVENTS_SECONDS)
            for each in self.services
            if each.publishes
        ]
        found += [
            self._stream(dead_letter_stream(each.name), dead_letter_subjects(each.name), max_age=DEAD_LETTERS_SECONDS)
            for each in self.services
            if each.consumes
        ]
        return found

    def consumers(self) -> list[DurableConsumer]:
        """Return the durable consumer of each service at each owner that it consumes from."""
        return [
            DurableConsumer(event_stream(owner), self._consumer(each.name, owner, types))
            for each in self.services
            for owner, types in sorted(each.consumes.items())
        ]

    def permissions(self) -> dict[str, Permissions]:
        """Return the permissions of each service that publishes or consumes, and of the administrator, by user."""
        found = {each.name: _permissions(each) for each in self.services if each.publishes or each.consumes}
        return found | {
            ADMINISTRATOR: Permissions(
                publish=("$JS.API.INFO", "$JS.API.STREAM.>", "$JS.API.CONSUMER.>"),
                subscribe=(f"{inbox_prefix(ADMINISTRATOR)}.>",),
            )
        }

    def _stream(self, name: str, subjects: str, *, max_age: float) -> StreamConfig:
        return StreamConfig(
            name=name,
            subjects=[subjects],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            # A full stream refuses a new message, which then waits in the outbox, instead of dropping the oldest.
            discard=DiscardPolicy.NEW,
            max_age=max_age,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
            num_replicas=self.replicas,
        )

    def _consumer(self, name: str, owner: str, types: Sequence[str]) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=durable_name(name),
            filter_subjects=[f"events.{owner}.{kind}" for kind in sorted(types)],
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            replay_policy=ReplayPolicy.INSTANT,
            ack_wait=ACK_WAIT_SECONDS,
            # One message at a time keeps the order, also among replicas of a service.
            max_ack_pending=1,
            # The server drops a message after this number. The consumer counts deliveries itself and keeps the message
            # as a dead letter.
            max_deliver=-1,
            num_replicas=self.replicas,
        )


def read_topology(folder: Path, *, replicas: int = 1) -> Topology:
    """Return the topology of the services whose `service.json` is in a folder below `folder`.

    Raises:
        InvalidTopologyError: the services do not fit together.
    """
    return topology_of(map(_read, sorted(folder.glob("*/service.json"))), replicas=replicas)


def topology_of(descriptions: Iterable[Mapping[str, object]], *, replicas: int = 1) -> Topology:
    """Return the topology of services by the contents of their `service.json`.

    Raises:
        InvalidTopologyError: the services do not fit together.
    """
    return Topology(tuple(map(_service, descriptions)), replicas)


def _read(file: Path) -> Mapping[str, object]:
    content: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
    return content


def _service(description: Mapping[str, object]) -> ServiceEvents:
    publishes, consumes = description.get("publishes", ()), description.get("consumes", {})
    if not isinstance(publishes, list | tuple) or not isinstance(consumes, dict):
        raise InvalidTopologyError(
            f"service.json of {description.get('name')}: publishes is no list or consumes no object"
        )
    return ServiceEvents(str(description["name"]), tuple(publishes), consumes)


def _errors(services: Sequence[ServiceEvents]) -> Iterator[str]:
    published = {each.name: set(each.publishes) for each in services}
    for each in services:
        # These become parts of subjects, where `*` and `>` are patterns.
        if not _NAME.fullmatch(each.name) or each.name == ADMINISTRATOR:
            yield f"{each.name!r} is not a name for a service: expected lower-case letters, digits and _"
        for kind in chain(each.publishes, *each.consumes.values()):
            if not _TYPE.fullmatch(kind):
                yield f"{each.name}: {kind!r} is not a type of events: expected for example user.renamed"
        for owner, types in each.consumes.items():
            missing = sorted(set(types) - published.get(owner, set()))
            if missing:
                yield (
                    f"{each.name} consumes {', '.join(missing)} of {owner}, which publishes "
                    f"{', '.join(sorted(published.get(owner, ()))) or 'nothing'}"
                )


def _permissions(service: ServiceEvents) -> Permissions:
    publish = [event_subjects(service.name)] if service.publishes else []
    for owner in sorted(service.consumes):
        consumer = f"{event_stream(owner)}.{durable_name(service.name)}"
        publish += [
            f"$JS.API.CONSUMER.INFO.{consumer}",
            f"$JS.API.CONSUMER.MSG.NEXT.{consumer}",
            f"$JS.ACK.{consumer}.>",
        ]
    if service.consumes:
        letters = dead_letter_stream(service.name)
        # Its command `dead-letters` lists, shows and drops them.
        publish += [
            dead_letter_subjects(service.name),
            *(f"$JS.API.STREAM.{action}.{letters}" for action in ("INFO", "MSG.GET", "MSG.DELETE")),
        ]
    return Permissions(tuple(publish), (f"{inbox_prefix(service.name)}.>",))
