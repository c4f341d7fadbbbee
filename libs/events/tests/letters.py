"""Dead letters in tests."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.connection import connect_once
from libs.events.dead_letters import DeadLetter, DeadLetters
from libs.events.settings import EventSettings
from libs.events.tests.orders import OrderChanged, OrderPlaced
from libs.events.tests.shop import WAIT_SECONDS, note_effect
from libs.events.tests.streams import SERVICE


@asynccontextmanager
async def open_dead_letters(settings: EventSettings) -> AsyncIterator[DeadLetters]:
    """Connect as the service."""
    connection = await connect_once(settings, service=SERVICE)
    try:
        yield DeadLetters(connection, SERVICE)
    finally:
        await connection.close()


async def wait_for_dead_letters(settings: EventSettings, count: int) -> Sequence[DeadLetter]:
    """Return the dead letters once there are so many."""
    async with asyncio.timeout(WAIT_SECONDS), open_dead_letters(settings) as letters:
        while len(found := [letter async for letter in letters.all()]) < count:  # noqa: ASYNC110  # a stream
            await asyncio.sleep(0.05)
    return found


async def fail_on_poison(event: OrderPlaced | OrderChanged, session: AsyncSession) -> None:
    """Write an effect, and fail for some events after that."""
    await note_effect(event, session)
    await session.flush()
    if event.data.note == "poison":
        raise ValueError("not\na price")
