"""The rules of bulk imports."""

import asyncio
import contextlib
import hashlib
import json
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import astuple
from itertools import islice
from types import TracebackType

from libs.auth.clock import Clock
from libs.db.columns import micros
from libs.db.database import Connection, Database
from libs.db.errors import DatabaseError
from services.product_service.errors import KeyReused, TooManyImports
from services.product_service.models import Actor, Draft
from services.product_service.repository import imports as repository
from services.product_service.service.products import new_product
from services.product_service.service.search import SearchIndex

_AT_ONCE = 4
_PATIENCE_SECONDS = 5
_IN_MEMORY = 1_048_576


class Imports:
    """Makes products out of files, all of a file's or none."""

    def __init__(self, database: Database, index: SearchIndex, clock: Clock) -> None:
        self._database = database
        self._index = index
        self._clock = clock
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def store(self, drafts: AsyncIterator[Draft], actor: Actor, *, key: str | None = None) -> int:
        """Store a product of the actor's for each draft; how many. With a key that was used before, none again.

        There is room for `_AT_ONCE` files; a file for which there is none waits `_PATIENCE_SECONDS` for it.

        Raises:
            KeyReused: the key was used for other drafts.
            TooManyImports: there was no room in that time.
        """
        async with self._turn():
            count = await self._store(drafts, actor, key)
        # They are stored; should this fail, the next search does it.
        with contextlib.suppress(DatabaseError):
            await self._index.refresh()
        return count

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._room.acquire()
        except TimeoutError:
            raise TooManyImports(_AT_ONCE) from None
        try:
            yield
        finally:
            self._room.release()

    async def _store(self, drafts: AsyncIterator[Draft], actor: Actor, key: str | None) -> int:
        # The drafts wait in a temporary file until the last of them is here, so that a slow client does not keep others
        # from writing: the transaction in which they are stored is as short as they are few.
        with _Waiting() as waiting:
            async for draft in drafts:
                waiting.add(draft)

            async def store_once(transaction: Connection) -> int:
                if key is not None:
                    made = await repository.find_key(transaction, actor.id, key)
                    if made is not None:
                        return _replayed(made, waiting.digest)
                    await self._keep_key(transaction, actor, key, waiting)
                await self._insert(transaction, actor, waiting)
                return waiting.count

            return await self._database.atomically(store_once)

    async def _insert(self, transaction: Connection, actor: Actor, waiting: "_Waiting") -> None:
        now = micros(self._clock.now())
        made = (new_product(draft, actor, now) for draft in waiting)
        while batch := list(islice(made, repository.BATCH)):
            await repository.insert(transaction, batch)

    async def _keep_key(self, transaction: Connection, actor: Actor, key: str, waiting: "_Waiting") -> None:
        used = repository.UsedKey(waiting.digest, waiting.count)
        await repository.keep_key(transaction, actor.id, key, used, now=micros(self._clock.now()))


class _Waiting:
    """Drafts in a file that has no name; small ones never reach the disk."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # closed by __exit__

    def __enter__(self) -> "_Waiting":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def digest(self) -> str:
        """What tells these drafts from all others."""
        return self._digest.hexdigest()

    def add(self, draft: Draft) -> None:
        """One more."""
        line = json.dumps(astuple(draft)).encode("ascii") + b"\n"
        self._digest.update(line)
        self._file.write(line)
        self.count += 1

    def __iter__(self) -> Iterator[Draft]:
        """All of them from the first on, each time it is asked for."""
        self._file.seek(0)
        return (Draft(*json.loads(line)) for line in self._file)


def _replayed(made: repository.UsedKey, digest: str) -> int:
    if made.request_digest != digest:
        raise KeyReused
    return made.imported
