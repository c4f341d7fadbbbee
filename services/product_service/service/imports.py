"""The rules of bulk imports."""

import asyncio
import contextlib
import hashlib
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from itertools import islice
from types import TracebackType

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.clock.clock import Clock
from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory, retry_on_conflict
from services.product_service.errors import TooManyImports
from services.product_service.models import Actor, Product
from services.product_service.schemas.imports import ImportView
from services.product_service.schemas.products import ProductInput
from services.product_service.service.idempotency import KeyedRequest, answer_once
from services.product_service.service.products import new_values
from services.product_service.service.search import SearchIndex

_CONCURRENT = 4
_WAIT_SECONDS = 5
_BATCH = 500
_BYTES_IN_MEMORY = 1_048_576


class ImportService:
    """Stores all rows of a file as products, or none."""

    def __init__(self, sessions: SessionFactory, index: SearchIndex, clock: Clock) -> None:
        self._sessions = sessions
        self._index = index
        self._clock = clock
        self._slots = asyncio.Semaphore(_CONCURRENT)

    async def store(
        self, rows: AsyncIterator[ProductInput], actor: Actor, *, idempotency_key: str | None = None
    ) -> ImportView:
        """Store a product of the actor for each row; with a key that was used before, return the first answer.

        `_CONCURRENT` files are read at a time; another waits `_WAIT_SECONDS` for its turn.

        Raises:
            KeyReused: the key was used for another request.
            TooManyImports: no file ended in that time.
        """
        async with self._slot():
            # The rows wait in a temporary file until the last of them is here, so that a slow client does not keep
            # others from writing.
            with SpooledRows() as spooled:
                async for row in rows:
                    spooled.add(row)
                made = await self._store(spooled, actor, idempotency_key)
        # The products are stored; should this fail, the next search does it.
        with contextlib.suppress(DatabaseError):
            await self._index.refresh()
        return made

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise TooManyImports(_CONCURRENT) from None
        try:
            yield
        finally:
            self._slots.release()

    @retry_on_conflict
    async def _store(self, spooled: "SpooledRows", actor: Actor, idempotency_key: str | None) -> ImportView:
        now = self._clock.now()
        request = KeyedRequest(actor.id, idempotency_key, spooled.digest, now) if idempotency_key is not None else None
        async with self._sessions.begin() as session:

            async def insert_all() -> ImportView:
                await self._insert(session, spooled, actor)
                return ImportView(imported=spooled.count)

            return await answer_once(session, request, ImportView, insert_all)

    async def _insert(self, session: AsyncSession, spooled: "SpooledRows", actor: Actor) -> None:
        now = self._clock.now()
        values = (new_values(row, actor, now) for row in spooled)
        while batch := list(islice(values, _BATCH)):
            await session.execute(insert(Product), batch)


class SpooledRows:
    """Rows in a file without a name; small files never reach the disk."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()
        self._file = tempfile.SpooledTemporaryFile(max_size=_BYTES_IN_MEMORY)  # noqa: SIM115  # closed by __exit__

    def __enter__(self) -> "SpooledRows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def digest(self) -> str:
        """The digest of all rows."""
        return self._digest.hexdigest()

    def add(self, row: ProductInput) -> None:
        """Append a row."""
        line = json.dumps(list(row.model_dump().values())).encode("ascii") + b"\n"
        self._digest.update(line)
        self._file.write(line)
        self.count += 1

    def __iter__(self) -> Iterator[ProductInput]:
        """Iterate over all rows from the first on, each time."""
        self._file.seek(0)
        names = list(ProductInput.model_fields)
        return (
            ProductInput.model_construct(None, **dict(zip(names, json.loads(line), strict=True))) for line in self._file
        )
