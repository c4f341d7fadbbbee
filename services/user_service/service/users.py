"""Accounts, as their owners use them."""

import uuid
from datetime import timedelta

from libs.auth.claims import Subject
from libs.auth.clock import Clock
from libs.auth.errors import InvalidCredentials
from libs.auth.passwords import PasswordHash
from libs.db.columns import Micros, micros
from libs.db.database import Connection, Database
from libs.db.errors import UniqueViolation
from services.user_service.errors import EmailTaken, UserNotFound, WrongPassword
from services.user_service.models import Action, Purpose, User, UserId, email_key
from services.user_service.repository import grants, one_time
from services.user_service.repository import users as repository
from services.user_service.service.audit import Audit
from services.user_service.service.letters import Letters
from services.user_service.service.passwords import PasswordDesk

_SECOND = timedelta(seconds=1)


class Users:
    """Accounts."""

    def __init__(
        self, database: Database, *, passwords: PasswordDesk, letters: Letters, audit: Audit, clock: Clock
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._letters = letters
        self._audit = audit
        self._clock = clock

    async def register(self, *, email: str, password: str, name: str) -> User:
        """Open an account and send a letter that verifies its address.

        Raises:
            WeakPassword: the policy refuses the password.
            EmailTaken: the address has an account.
        """
        password_hash = await self._passwords.choose(password, about=(email, name))
        user = _new_user(email, name, password_hash, now=micros(self._clock.now()))

        async def work(connection: Connection) -> None:
            await repository.insert(connection, user)
            await self._audit.note(connection, Action.REGISTERED, actor=user.id, target=user.id)

        try:
            await self._database.atomically(work)
        except UniqueViolation as error:
            raise EmailTaken from error
        self._letters.ask(Purpose.VERIFY, user.email_key)
        return user

    async def get(self, user_id: UserId) -> User:
        """The user.

        Raises:
            UserNotFound: there is none.
        """
        return _found(await repository.read(self._database, user_id), user_id)

    async def rename(self, user_id: UserId, name: str) -> User:
        """Give the user another name; `UserNotFound` when there is none."""
        now = micros(self._clock.now())

        async def work(connection: Connection) -> User:
            user = _found(await repository.rename(connection, user_id, name, now=now), user_id)
            await self._audit.note(connection, Action.RENAMED, actor=user_id, target=user_id)
            return user

        return await self._database.atomically(work)

    async def change_password(self, user_id: UserId, *, current: str, new: str, address: str) -> None:
        """Replace the password and end every login.

        Raises:
            WrongPassword: `current` is not the password.
            WeakPassword: the policy refuses the new one.
            Throttled: too many attempts from this network address.
        """
        user = await self._prove(user_id, current, address)
        replacement = await self.choose_password(user, new)

        async def work(connection: Connection) -> None:
            await self.replace_password(connection, user, replacement)
            await self._audit.note(connection, Action.PASSWORD_CHANGED, actor=user.id, target=user.id)

        await self._database.atomically(work)

    async def choose_password(self, user: User, new: str) -> PasswordHash:
        """The hash of a new password of the user; `WeakPassword` when the policy refuses it."""
        return await self._passwords.choose(new, about=(user.email, user.name))

    async def replace_password(self, connection: Connection, user: User, replacement: PasswordHash) -> None:
        """Store another password, end every login and forget letters about it, as part of a transaction.

        `WrongPassword` when the password has changed since `user` was read.
        """
        now = self._clock.now()
        # Tokens count whole seconds. From the next one on, so that none of this second outlives the change.
        changed_at = micros(now.replace(microsecond=0) + _SECOND)
        if not await repository.set_password(connection, user, replacement, changed_at=changed_at):
            raise WrongPassword
        await grants.revoke_subject(connection, Subject(user.id), at=now)
        await one_time.forget(connection, user.id, Purpose.RESET)

    async def delete(self, user_id: UserId, *, password: str, address: str) -> None:
        """Close the account for good.

        Raises:
            WrongPassword: it is not the password.
            Throttled: too many attempts from this network address.
        """
        user = await self._prove(user_id, password, address)

        async def work(connection: Connection) -> None:
            await repository.delete(connection, user.id)
            await self._audit.note(connection, Action.DELETED, actor=user.id, target=user.id)

        await self._database.atomically(work)

    async def _prove(self, user_id: UserId, password: str, address: str) -> User:
        user = await self.get(user_id)
        await self._passwords.admit(user.email_key, address)
        try:
            await self._passwords.prove(user, password, address=address)
        except InvalidCredentials as error:
            raise WrongPassword from error
        return user


def _new_user(email: str, name: str, password_hash: PasswordHash, *, now: Micros) -> User:
    return User(
        id=UserId(str(uuid.uuid4())),
        email=email,
        email_key=email_key(email),
        name=name,
        password_hash=password_hash,
        role_names="",
        password_changed_at=now,
        locked_at=None,
        created_at=now,
        updated_at=now,
    )


def _found(user: User | None, user_id: UserId) -> User:
    if user is None:
        raise UserNotFound(user_id)
    return user
