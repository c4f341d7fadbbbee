"""What administrators do to the accounts of others."""

from collections.abc import Sequence

from libs.auth.claims import Role, Subject
from libs.auth.clock import Clock
from libs.db.columns import micros
from libs.db.database import Connection, Database
from services.user_service.errors import LastAdministrator, UserNotFound
from services.user_service.models import ADMIN, Action, EmailKey, Entry, Position, User, UserId
from services.user_service.repository import audit as audit_repository
from services.user_service.repository import grants
from services.user_service.repository import users as repository
from services.user_service.service.audit import Audit


class Administration:
    """Lists accounts, changes their roles, locks and unlocks them; each change is in the audit log.

    Every method that names a user raises `UserNotFound` when there is none. What is so already is no error and no
    entry in the log.
    """

    def __init__(self, database: Database, *, audit: Audit, clock: Clock) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    async def users(self, *, after: Position | None, search: str, limit: int) -> Sequence[User]:
        """A page of users, newest first; with `search`, those whose address or name holds it."""
        return await repository.page(self._database, after=after, search=search, limit=limit)

    async def log(self, *, after: Position | None, limit: int) -> Sequence[Entry]:
        """A page of the audit log, newest first."""
        return await audit_repository.page(self._database, after=after, limit=limit)

    async def grant(self, role: Role, user_id: UserId, *, actor: str) -> None:
        """Give the user a role; it is in the tokens of their next login."""

        async def work(connection: Connection) -> None:
            user = await _read(connection, user_id)
            if role not in user.roles:
                await self._set_roles(connection, user, user.roles | {role})
                await self._audit.note(connection, Action.ROLE_GRANTED, actor=actor, target=f"{user.id} {role}")

        await self._database.atomically(work)

    async def grant_by_address(self, role: Role, key: EmailKey, *, actor: str) -> None:
        """The same for whoever is registered under an address."""
        user = await repository.find(self._database, key)
        if user is None:
            raise UserNotFound(key)
        await self.grant(role, user.id, actor=actor)

    async def revoke(self, role: Role, user_id: UserId, *, actor: str) -> None:
        """Take a role from the user; tokens that carry it are worth nothing here from now on.

        Raises:
            LastAdministrator: nobody would be left.
        """

        async def work(connection: Connection) -> None:
            user = await _read(connection, user_id)
            if role in user.roles:
                if role == ADMIN:
                    await _leave_an_admin(connection, user)
                await self._set_roles(connection, user, user.roles - {role})
                await self._audit.note(connection, Action.ROLE_REVOKED, actor=actor, target=f"{user.id} {role}")

        await self._database.atomically(work)

    async def lock(self, user_id: UserId, *, actor: str) -> None:
        """Keep the user out: every login ends and no new one begins.

        Raises:
            LastAdministrator: nobody would be left.
        """

        async def work(connection: Connection) -> None:
            user = await _read(connection, user_id)
            if user.locked_at is None:
                await _leave_an_admin(connection, user)
                now = self._clock.now()
                await repository.set_locked(connection, user.id, micros(now))
                await grants.revoke_subject(connection, Subject(user.id), at=now)
                await self._audit.note(connection, Action.LOCKED, actor=actor, target=user.id)

        await self._database.atomically(work)

    async def unlock(self, user_id: UserId, *, actor: str) -> None:
        """Let the user in again, by a new login."""

        async def work(connection: Connection) -> None:
            user = await _read(connection, user_id)
            if user.locked_at is not None:
                await repository.set_locked(connection, user.id, None)
                await self._audit.note(connection, Action.UNLOCKED, actor=actor, target=user.id)

        await self._database.atomically(work)

    async def _set_roles(self, connection: Connection, user: User, roles: frozenset[Role]) -> None:
        now = micros(self._clock.now())
        await repository.set_roles(connection, user.id, " ".join(sorted(roles)), now=now)


async def _read(connection: Connection, user_id: UserId) -> User:
    user = await repository.read(connection, user_id)
    if user is None:
        raise UserNotFound(user_id)
    return user


async def _leave_an_admin(connection: Connection, user: User) -> None:
    if ADMIN in user.roles and not await repository.has_other_admin(connection, user.id):
        raise LastAdministrator(user.id)
