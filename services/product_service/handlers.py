"""Handlers of events of other services."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from libs.clock.clock import Clock
from libs.events.consumer import Handler
from services.product_service.models import IdempotencyKey, OwnerId
from services.product_service.service.products import archive_products
from services.user_service.events import UserDeleted, UserRenamed


def event_handlers(clock: Clock) -> Sequence[Handler[Any]]:
    """Return the handler of each event that is consumed."""

    async def forget_owner(event: UserDeleted, session: AsyncSession) -> None:
        owner = OwnerId(event.subject)
        await archive_products(session, owner, now=clock.now())
        # Their answers are copies of what the user has written.
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.owner_id == owner))

    return [Handler(UserDeleted, forget_owner), Handler(UserRenamed, _note_version)]


async def _note_version(_: UserRenamed, __: AsyncSession) -> None:
    """Do nothing: the inbox stores the new version of the user, and `OwnerNames` drops names of older ones."""
