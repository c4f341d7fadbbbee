"""Refresh tokens: `libs.auth.refresh.RefreshStore` on the service's database. Only digests of tokens are stored."""

from dataclasses import fields
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.auth.claims import Subject
from libs.auth.refresh import FamilyId, RefreshGrant, TokenDigest
from libs.db.sessions import SessionFactory, retry_on_conflict
from services.user_service.models import RefreshGrantRow

_FIELDS = [field.name for field in fields(RefreshGrant)]


class Grants:
    """Stores refresh tokens; each method is one transaction."""

    def __init__(self, sessions: SessionFactory) -> None:
        self._sessions = sessions

    @retry_on_conflict
    async def add(self, grant: RefreshGrant) -> None:
        """See `RefreshStore`."""
        async with self._sessions.begin() as session:
            add(session, grant)

    async def find(self, digest: TokenDigest) -> RefreshGrant | None:
        """See `RefreshStore`."""
        async with self._sessions.read() as session:
            row = await session.get(RefreshGrantRow, digest)
        return RefreshGrant(**{name: getattr(row, name) for name in _FIELDS}) if row else None

    @retry_on_conflict
    async def replace(self, used: TokenDigest, successor: RefreshGrant) -> bool:
        """See `RefreshStore`."""
        async with self._sessions.begin() as session:
            row = await session.get(RefreshGrantRow, used)
            if row is None or row.used_at is not None or row.revoked_at is not None:
                return False
            row.used_at = successor.issued_at
            add(session, successor)
            return True

    @retry_on_conflict
    async def revoke_family(self, family: FamilyId, *, at: datetime) -> None:
        """See `RefreshStore`."""
        async with self._sessions.begin() as session:
            unrevoked = RefreshGrantRow.revoked_at.is_(None)
            await session.execute(
                update(RefreshGrantRow).where(RefreshGrantRow.family == family, unrevoked).values(revoked_at=at)
            )

    @retry_on_conflict
    async def revoke_subject(self, subject: Subject, *, at: datetime) -> None:
        """See `RefreshStore`."""
        async with self._sessions.begin() as session:
            await revoke_subject(session, subject, at=at)


def add(session: AsyncSession, grant: RefreshGrant) -> None:
    """Add a grant to a transaction."""
    session.add(RefreshGrantRow(**{name: getattr(grant, name) for name in _FIELDS}))


async def revoke_subject(session: AsyncSession, subject: Subject, *, at: datetime) -> None:
    """End every login of the subject, as part of a transaction."""
    unrevoked = RefreshGrantRow.revoked_at.is_(None)
    await session.execute(
        update(RefreshGrantRow).where(RefreshGrantRow.subject == subject, unrevoked).values(revoked_at=at)
    )
