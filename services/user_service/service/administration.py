"""Administration of accounts by other users."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.auth.claims import Role, Subject
from libs.clock.clock import Clock
from libs.db.keyset import after
from libs.db.sessions import SessionFactory, retry_on_conflict
from services.user_service.errors import LastAdministrator, UserNotFound
from services.user_service.models import ADMIN, Action, AuditEntry, EmailKey, User, UserId
from services.user_service.repository import grants
from services.user_service.repository import users as repository
from services.user_service.service.audit import Audit

Keyset = tuple[datetime, str]
"""The creation time and the id of the last item of the page before."""


class AdministrationService:
    """Lists accounts, changes their roles, locks and unlocks them; each change is in the audit log.

    Every method with a user raises UserNotFound if there is no such user. A change without effect is no error and is
    not logged.
    """

    def __init__(self, sessions: SessionFactory, *, audit: Audit, clock: Clock) -> None:
        self._sessions = sessions
        self._audit = audit
        self._clock = clock

    async def users(self, *, position: Keyset | None, search: str, limit: int) -> Sequence[User]:
        """Return a page of users, newest first; with `search`, those whose address or name contains it."""
        async with self._sessions.read() as session:
            return await repository.page(session, position=position, search=search, limit=limit)

    async def log(self, *, position: Keyset | None, limit: int) -> Sequence[AuditEntry]:
        """Return a page of the audit log, newest first."""
        statement = after(select(AuditEntry), (AuditEntry.at, AuditEntry.id), position, is_descending=True)
        async with self._sessions.read() as session:
            return (await session.scalars(statement.limit(limit))).all()

    @retry_on_conflict
    async def grant(self, role: Role, user_id: UserId, *, actor: str) -> None:
        """Give the user a role; it is in the tokens of their next login."""
        async with self._sessions.begin() as session:
            await self._grant(session, role, await repository.existing(session, user_id), actor)

    @retry_on_conflict
    async def grant_by_address(self, role: Role, key: EmailKey, *, actor: str) -> None:
        """Give a role to the user with this email address."""
        async with self._sessions.begin() as session:
            user = await repository.find(session, key)
            if user is None:
                raise UserNotFound(key)
            await self._grant(session, role, user, actor)

    @retry_on_conflict
    async def revoke(self, role: Role, user_id: UserId, *, actor: str) -> None:
        """Take a role from the user; tokens that carry it are no longer valid here.

        Raises:
            LastAdministrator: no administrator would be left.
        """
        async with self._sessions.begin() as session:
            user = await repository.existing(session, user_id)
            if role in user.roles:
                if role == ADMIN:
                    await _leave_an_admin(session, user)
                self._set_roles(user, user.roles - {role})
                self._audit.note(session, Action.ROLE_REVOKED, actor=actor, target=f"{user.id} {role}")

    @retry_on_conflict
    async def lock(self, user_id: UserId, *, actor: str) -> None:
        """Lock the user out: every login ends and no new one begins.

        Raises:
            LastAdministrator: no administrator would be left.
        """
        async with self._sessions.begin() as session:
            user = await repository.existing(session, user_id)
            if user.locked_at is None:
                await _leave_an_admin(session, user)
                user.locked_at = self._clock.now()
                await grants.revoke_subject(session, Subject(user.id), at=user.locked_at)
                self._audit.note(session, Action.LOCKED, actor=actor, target=user.id)

    @retry_on_conflict
    async def unlock(self, user_id: UserId, *, actor: str) -> None:
        """Allow the user to log in again."""
        async with self._sessions.begin() as session:
            user = await repository.existing(session, user_id)
            if user.locked_at is not None:
                user.locked_at = None
                self._audit.note(session, Action.UNLOCKED, actor=actor, target=user.id)

    async def _grant(self, session: AsyncSession, role: Role, user: User, actor: str) -> None:
        if role not in user.roles:
            self._set_roles(user, user.roles | {role})
            self._audit.note(session, Action.ROLE_GRANTED, actor=actor, target=f"{user.id} {role}")

    def _set_roles(self, user: User, roles: frozenset[Role]) -> None:
        user.role_names = " ".join(sorted(roles))
        user.updated_at = self._clock.now()


async def _leave_an_admin(session: AsyncSession, user: User) -> None:
    if ADMIN in user.roles and not await repository.has_other_admin(session, user.id):
        raise LastAdministrator(user.id)
