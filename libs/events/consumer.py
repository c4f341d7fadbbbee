"""Consumers: which events a service consumes, and what it does with each.

    async def rename_owner(event: UserRenamed, session: AsyncSession) -> None:
        await session.execute(...)

    USERS = Consumer("product_service", (Handler(UserRenamed, rename_owner), Handler(UserDeleted, archive_products)))

A handler writes through `session` alone: its effect and the note that the event was applied commit together.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.event import Attributes, Event, constant, nats_subject

EVENT_STREAM = "events"
DEAD_LETTER_STREAM = "dead_letters"

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
    """A durable consumer of JetStream and its handlers. Its definition keeps order by `max_ack_pending` 1.

    Attributes:
        name: name of the durable consumer, unique in the stream; also the key of its rows in the inbox.
        handlers: one for each class of events.
        stream: name of the stream of events.
    """

    name: str
    handlers: Sequence[Handler[Any]]
    stream: str = EVENT_STREAM

    @property
    def subjects(self) -> Sequence[str]:
        """Return the NATS subjects of the events that are consumed."""
        return sorted(nats_subject(*_key(handler)) for handler in self.handlers)

    def handler_of(self, attributes: Attributes) -> Handler[Any] | None:
        """Return the handler of an event; None when its type is unknown."""
        key = (attributes.source, attributes.type)
        return next((handler for handler in self.handlers if _key(handler) == key), None)


def _key(handler: Handler[Any]) -> tuple[str, str]:
    return constant(handler.event, "source"), constant(handler.event, "type")
