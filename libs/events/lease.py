"""A lease: one process at a time does something, such as relaying the outbox of a database.

It is a row with an expiry and a fencing number. Session locks of PostgreSQL would fail behind PgBouncer. The clock is
that of the database, since replicas may have different ones.
"""

import time
from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.sessions import SessionFactory
from libs.db.types import to_micros
from libs.events.errors import LeaseLost
from libs.events.tables import LEASES


class Lease:
    """An exclusive right to the activity `name`, which expires if it is not renewed for `seconds`.

    Attributes:
        fence: number of this holding of the lease, which grows from one holder to the next; None while not held.
    """

    def __init__(self, sessions: SessionFactory, name: str, *, seconds: float) -> None:
        self.fence: int | None = None
        self._sessions = sessions
        self._name = name
        self._seconds = seconds
        self._holder = str(uuid4())
        self._deadline = 0.0

    @property
    def is_held(self) -> bool:
        """Whether no other process can hold the lease now."""
        return self.fence is not None and time.monotonic() < self._deadline

    @property
    def is_ageing(self) -> bool:
        """Whether a third of the time is over, so that the lease should be renewed."""
        return time.monotonic() > self._deadline - self._seconds * 2 / 3

    async def acquire(self) -> bool:
        """Take the lease if no other process holds it, with a new fencing number; return whether this one has it."""
        asked = time.monotonic()
        async with self._sessions.begin(read_committed=True) as session:
            await session.execute(self._insert())
            self.fence = await session.scalar(
                sa.update(LEASES)
                .where(LEASES.c.name == self._name)
                .where(sa.or_(LEASES.c.expires_at <= self._now(), LEASES.c.holder == self._holder))
                .values(holder=self._holder, fence=LEASES.c.fence + 1, expires_at=self._expiry())
                .returning(LEASES.c.fence)
            )
        self._deadline = asked + self._seconds
        return self.fence is not None

    async def renew(self, session: AsyncSession) -> None:
        """Extend the lease in a transaction, which thereby commits only where the lease is still held.

        Raises:
            LeaseLost: another process may have taken it.
        """
        asked = time.monotonic()
        extended = sa.update(LEASES).where(self._is_mine()).values(expires_at=self._expiry())
        if await session.scalar(extended.returning(LEASES.c.fence)) is None:
            self.fence = None
            raise LeaseLost(f"another process has taken the lease {self._name}")
        self._deadline = asked + self._seconds

    async def release(self) -> None:
        """Give the lease up, so that another process need not wait until it expires."""
        if self.fence is not None:
            async with self._sessions.begin(read_committed=True) as session:
                await session.execute(sa.update(LEASES).where(self._is_mine()).values(expires_at=0))
            self.fence = None

    def _insert(self) -> sa.Executable:
        insert = sqlite.insert if self._sessions.is_sqlite else postgresql.insert
        return insert(LEASES).values(name=self._name, holder="", fence=0, expires_at=0).on_conflict_do_nothing()

    def _is_mine(self) -> sa.ColumnElement[bool]:
        return sa.and_(
            LEASES.c.name == self._name, LEASES.c.holder == self._holder, LEASES.c.fence == (self.fence or 0)
        )

    def _now(self) -> sa.ColumnElement[int]:
        if self._sessions.is_sqlite:
            return sa.literal(to_micros(datetime.now(UTC)))
        seconds = sa.extract("epoch", sa.func.clock_timestamp())
        return sa.cast(seconds * 1_000_000, sa.BigInteger)

    def _expiry(self) -> sa.ColumnElement[int]:
        return self._now() + round(self._seconds * 1_000_000)
