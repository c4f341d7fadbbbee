"""The search index of products, kept up to date.

A trigger marks the words of a changed product as stale in the same statement. They are split before the next search,
like the pending list of PostgreSQL's GIN index. So a write is one statement, an import stays short, and changes by
code of an older revision during a deployment are found too.

If the index cannot be written, or not in time, the search uses the words that are indexed.
"""

import asyncio
import logging

from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory, retry_on_conflict
from services.product_service.repository import search_index
from services.product_service.service.search_terms import search_terms

_log = logging.getLogger(__name__)

_BATCH = 500
_WAIT_SECONDS = 5.0


class SearchIndex:
    """The indexed words of all products."""

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions
        self._refreshing = asyncio.Lock()

    async def refresh(self) -> None:
        """Index the words of all changed products, if they can be stored in time."""
        async with self._sessions.read() as session:
            if not await search_index.any_stale(session):
                return
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._index_stale()
        except (DatabaseError, TimeoutError) as error:
            _log.warning("the search index is not up to date: %r", error)

    async def _index_stale(self) -> None:
        # One task at a time: a second one would do the same work and collide.
        async with self._refreshing:
            while await self._index_batch():
                pass

    @retry_on_conflict
    async def _index_batch(self) -> bool:
        """Index the words of one batch, and return whether there may be more."""
        async with self._sessions.begin() as session:
            return await _index_batch(session)


async def _index_batch(session: AsyncSession) -> bool:
    found = await search_index.stale(session, limit=_BATCH)
    if found:
        await search_index.keep(session, [(number, search_terms(f"{name} {text}")) for number, name, text in found])
    return len(found) == _BATCH
