"""Consumers: the events that a service consumes, and their handlers.

    async def forget_owner(event: UserDeleted, session: AsyncSession) -> None:
        await session.execute(...)

    HANDLERS = (Handler(UserDeleted, forget_owner),)

A handler writes through `session` alone: its effect and the note that the event was applied commit together.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.broker.names import event_stream
from libs.events.event import Event, constant

E = TypeVar("E", bound=Event[Any])


@dataclass(frozen=True, slots=True)
class Handler(Generic[E]):
    """What to do with events of one class.

    Attributes:
        event: the class.
        apply: the function that does it, in the transaction of the session.
        accepts_stale: whether an event is applied too whose aggregate is known in a newer version, as a log of all
            changes needs it. Otherwise it is skipped, so that it cannot overwrite newer state.
    """

    event: type[E]
    apply: Callable[[E, AsyncSession], Awaitable[None]]
    accepts_stale: bool = False


@dataclass(frozen=True, slots=True)
class Consumer:
    """What one service consumes of another. Order is kept by `max_ack_pending` 1 in the definition of the consumer.

    Attributes:
        service: name of the service that consumes; also of its durable consumer.
        source: name of the service that publishes.
        handlers: one for each class of events.
    """

    service: str
    source: str
    handlers: Sequence[Handler[Any]]

    @property
    def stream(self) -> str:
        """Return the name of the stream of the events."""
        return event_stream(self.source)


def consumers_of(service: str, handlers: Iterable[Handler[Any]]) -> Sequence[Consumer]:
    """Return the consumers of a service: one for each service whose events it handles."""
    by_source: dict[str, list[Handler[Any]]] = {}
    for handler in handlers:
        by_source.setdefault(constant(handler.event, "source"), []).append(handler)
    return [Consumer(service, source, found) for source, found in by_source.items()]
