"""Make the streams and consumers of a broker as the topology declares them.

`plan` compares and changes nothing. `apply` carries a plan out. Nothing here runs when a service starts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, ConsumerInfo, StreamConfig, StreamInfo

from libs.events.broker.names import DEAD_LETTER_STREAM_PREFIX, EVENT_STREAM_PREFIX
from libs.events.broker.topology import DurableConsumer, Topology

_LIMITS = ("max_age", "max_bytes", "max_msgs", "max_msgs_per_subject")
_FIXED_OF_CONSUMERS = ("ack_policy", "deliver_policy", "replay_policy")
_FIXED_OF_STREAMS = ("retention", "storage")


class Action(StrEnum):
    """The kind of step that makes a stream or consumer match its declaration."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    NONE = "unchanged"


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that differs, with its value at the broker and the declared one."""

    setting: str
    actual: object
    declared: object

    def __str__(self) -> str:
        """Return it as `setting: actual -> declared`."""
        return f"{self.setting}: {_text(self.actual)} -> {_text(self.declared)}"


@dataclass(frozen=True, slots=True)
class Change:
    """The step that makes a stream, or a consumer of it, as declared.

    Attributes:
        action: the kind of step.
        stream: name of the stream.
        consumer: name of the consumer; None for the stream itself.
        differences: settings that differ.
        loses_data: whether messages, or the position of a consumer, can be lost by it.
        config: declared settings; None for DELETE.
    """

    action: Action
    stream: str
    consumer: str | None = None
    differences: Sequence[Difference] = ()
    loses_data: bool = False
    config: StreamConfig | ConsumerConfig | None = None

    @property
    def name(self) -> str:
        """Return the name of the stream, or that of the consumer below it."""
        return self.stream if self.consumer is None else f"{self.stream}/{self.consumer}"


async def plan(jetstream: JetStreamContext, topology: Topology) -> list[Change]:
    """Compare the broker with the topology; streams with other names than ours are left alone."""
    streams = {each.config.name or "": each for each in await _all_streams(jetstream)}
    declared = {config.name or "": config for config in topology.streams()}
    changes = [_stream_change(name, streams.get(name), config) for name, config in declared.items()]
    changes += [
        Change(Action.DELETE, name, loses_data=True)
        for name in streams
        if name not in declared and name.startswith((EVENT_STREAM_PREFIX, DEAD_LETTER_STREAM_PREFIX))
    ]
    # A new stream has no consumers, and neither has one that replaces another.
    kept = {change.stream for change in changes if change.action in (Action.NONE, Action.UPDATE)}
    for name in declared:
        actual = await _all_consumers(jetstream, name) if name in kept else {}
        changes += _consumer_changes(name, actual, [each for each in topology.consumers() if each.stream == name])
    return changes


async def apply(jetstream: JetStreamContext, changes: Sequence[Change]) -> None:
    """Carry out the changes, in their order."""
    for change in changes:
        if change.action in (Action.DELETE, Action.REPLACE):
            await _delete(jetstream, change)
        if isinstance(change.config, ConsumerConfig) and change.action is not Action.NONE:
            await jetstream.add_consumer(change.stream, change.config)
        elif isinstance(change.config, StreamConfig) and change.action is Action.UPDATE:
            await jetstream.update_stream(change.config)
        elif isinstance(change.config, StreamConfig) and change.action is not Action.NONE:
            await jetstream.add_stream(change.config)


def as_table(changes: Sequence[Change]) -> str:
    """Return a line for each change and, indented, one for each setting that differs."""
    width = max((len(change.name) for change in changes), default=0)
    lines = []
    for change in changes:
        note = "  can lose data" if change.loses_data else ""
        lines.append(f"{change.name:{width}}  {change.action}{note}")
        lines += [f"    {difference}" for difference in change.differences]
    return "".join(f"{line}\n" for line in lines)


async def _all_streams(jetstream: JetStreamContext) -> list[StreamInfo]:
    found: list[StreamInfo] = []
    while page := await jetstream.streams_info(len(found)):
        found += page
    return found


async def _all_consumers(jetstream: JetStreamContext, stream: str) -> dict[str, ConsumerInfo]:
    found: dict[str, ConsumerInfo] = {}
    while page := await jetstream.consumers_info(stream, len(found)):
        found |= {each.name: each for each in page}
    return found


def _stream_change(name: str, actual: StreamInfo | None, config: StreamConfig) -> Change:
    if actual is None:
        return Change(Action.CREATE, name, config=config)
    differences = _differences(actual.config, config)
    settings = {each.setting for each in differences}
    if not differences:
        return Change(Action.NONE, name, config=config)
    if settings.intersection(_FIXED_OF_STREAMS):
        return Change(Action.REPLACE, name, differences=differences, loses_data=True, config=config)
    loses = any(each.setting in _LIMITS and _is_lower(each.declared, each.actual) for each in differences)
    # Settings that are not declared, such as the placement in a cluster, stay.
    updated = actual.config.evolve(**_declared(config))
    return Change(Action.UPDATE, name, differences=differences, loses_data=loses, config=updated)


def _consumer_changes(
    stream: str, actual: Mapping[str, ConsumerInfo], declared: Sequence[DurableConsumer]
) -> list[Change]:
    changes = [_consumer_change(stream, actual.get(each.config.durable_name or ""), each.config) for each in declared]
    names = {each.config.durable_name for each in declared}
    return changes + [Change(Action.DELETE, stream, name, loses_data=True) for name in actual if name not in names]


def _consumer_change(stream: str, actual: ConsumerInfo | None, config: ConsumerConfig) -> Change:
    name = config.durable_name
    if actual is None:
        return Change(Action.CREATE, stream, name, config=config)
    differences = _differences(actual.config, config)
    if not differences:
        return Change(Action.NONE, stream, name, config=config)
    # The server refuses to change these; a new consumer begins with the oldest message that the stream still has.
    is_fixed = not {each.setting for each in differences}.isdisjoint(_FIXED_OF_CONSUMERS)
    action = Action.REPLACE if is_fixed else Action.UPDATE
    return Change(action, stream, name, differences, loses_data=is_fixed, config=config)


def _differences(actual: StreamConfig | ConsumerConfig, declared: StreamConfig | ConsumerConfig) -> list[Difference]:
    """Compare the settings that are declared; the server fills in the others."""
    return [
        Difference(name, getattr(actual, name), value)
        for name, value in _declared(declared).items()
        if value != getattr(actual, name)
    ]


def _declared(config: StreamConfig | ConsumerConfig) -> dict[str, object]:
    """Return the settings that have a value, by their names."""
    values = {each.name: getattr(config, each.name) for each in fields(config)}
    return {name: value for name, value in values.items() if value is not None}


def _is_lower(declared: object, actual: object) -> bool:
    """Whether a limit becomes stricter; a limit below 1 is none."""
    if not isinstance(declared, int | float) or declared <= 0:
        return False
    return not isinstance(actual, int | float) or actual <= 0 or declared < actual


async def _delete(jetstream: JetStreamContext, change: Change) -> None:
    if change.consumer is None:
        await jetstream.delete_stream(change.stream)
    else:
        await jetstream.delete_consumer(change.stream, change.consumer)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value)
