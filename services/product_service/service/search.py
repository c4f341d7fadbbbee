"""What products are searched by, kept up to date.

Whoever changes a product notes in the same statement that its words are stale, by a trigger. They are told apart
before the next search, as PostgreSQL's own GIN index does with its pending list: writing stays one statement, an
import stays short, and what older code changes during a roll-out is found too.

A search is a read all the same: where nothing can be written, or not soon, it finds by the words that are kept.
"""

import asyncio
import logging

from libs.db.database import Connection, Database
from libs.db.errors import DatabaseError
from services.product_service.repository import words
from services.product_service.service.words import words_of

_log = logging.getLogger(__name__)

_BATCH = 500
_PATIENCE_SECONDS = 5.0


class SearchIndex:
    """The words of all products."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._refreshing = asyncio.Lock()

    async def refresh(self) -> None:
        """Have every change that was made until now found, if it can be written down in time."""
        if not await words.any_stale(self._database):
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._keep_words()
        except (DatabaseError, TimeoutError) as error:
            _log.warning("searching by older words: %r", error)

    async def _keep_words(self) -> None:
        # One at a time: of two that do the same work one would only be in the way of the other.
        async with self._refreshing:
            while await self._database.atomically(_refresh):
                pass


async def _refresh(transaction: Connection) -> bool:
    """Bring a batch up to date; whether there may be more."""
    found = await words.stale(transaction, limit=_BATCH)
    if found:
        await words.keep(transaction, [(each.number, words_of(f"{each.name} {each.description}")) for each in found])
    return len(found) == _BATCH
