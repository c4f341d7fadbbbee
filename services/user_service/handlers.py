"""Handlers of events of other services."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from libs.clock.clock import Clock
from libs.events.consumer import Handler
from services.product_service.events import ProductArchived
from services.user_service.models import Action
from services.user_service.service.audit import Audit


def event_handlers(clock: Clock) -> Sequence[Handler[Any]]:
    """Return the handler of each event that is consumed."""
    # A request id is unknown here; the trace of the event leads to the request.
    audit = Audit(clock, request_id=lambda: None)

    async def note_archived(event: ProductArchived, session: AsyncSession) -> None:
        # No new action for it: a new value in the response would break clients that handle a fixed set of actions.
        audit.note(session, Action.DELETED, actor=event.source, target=f"product {event.subject}")

    return [Handler(ProductArchived, note_archived, accepts_stale=True)]
