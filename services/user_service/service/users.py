"""Accounts and the changes that their owners make."""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from libs.auth.claims import Subject
from libs.auth.errors import InvalidCredentials, Throttled, WeakPassword
from libs.auth.passwords import PasswordHash
from libs.auth.throttle import AttemptThrottle
from libs.clock.clock import Clock
from libs.db.sessions import SessionFactory, retry_on_conflict
from libs.events.outbox import record
from services.user_service.errors import EmailTaken, WrongPassword
from services.user_service.events import UserDeleted, UserDeletedData, UserRenamed, UserRenamedData
from services.user_service.models import Action, Purpose, User, UserId, email_key
from services.user_service.repository import grants, one_time
from services.user_service.repository import users as repository
from services.user_service.service.audit import Audit
from services.user_service.service.email_outbox import EmailOutbox
from services.user_service.service.email_templates import ACCOUNT_EXISTS, VERIFICATION
from services.user_service.service.passwords import PasswordService

_SECOND = timedelta(seconds=1)


class UserService:
    """Creates, reads, changes and deletes accounts."""

    def __init__(
        self,
        sessions: SessionFactory,
        *,
        passwords: PasswordService,
        throttle: AttemptThrottle,
        email_outbox: EmailOutbox,
        audit: Audit,
        clock: Clock,
    ) -> None:
        """`throttle` limits registrations."""
        self._sessions = sessions
        self._throttle = throttle
        self._passwords = passwords
        self._email_outbox = email_outbox
        self._audit = audit
        self._clock = clock

    async def register(self, *, email: str, password: str, name: str, address: str) -> User:
        """Open an account and send an email that verifies its address.

        If the address has an account, its user gets an email about it. Both cases take the same time: a password
        is hashed, a transaction writes, and an email is enqueued.

        Raises:
            Throttled: too many registrations of this address, or from this network address.
            WeakPassword: the policy refuses the password.
            EmailTaken: the address has an account.
        """
        key = email_key(email)
        await self._throttle.acquire(key, address)
        try:
            password_hash = await self._passwords.choose(password, about=(email, name))
        except (WeakPassword, Throttled):
            # Nothing was hashed, and the user may try another password.
            await self._throttle.refund(key, address)
            raise
        user = await self._store(_new_user(email, name, password_hash, now=self._clock.now()))
        self._email_outbox.enqueue(VERIFICATION if user else ACCOUNT_EXISTS, key)
        if user is None:
            raise EmailTaken
        return user

    async def get(self, user_id: UserId) -> User:
        """The user.

        Raises:
            UserNotFound: there is none.
        """
        async with self._sessions.read() as session:
            return await repository.existing(session, user_id)

    async def names(self, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
        """The display names of those of the users that exist."""
        async with self._sessions.read() as session:
            return await repository.names(session, user_ids)

    @retry_on_conflict
    async def rename(self, user_id: UserId, name: str) -> User:
        """Give the user another name and record `user.renamed`; `UserNotFound` when there is none."""
        async with self._sessions.begin() as session:
            user = await repository.existing(session, user_id)
            user.name = name
            user.updated_at = self._clock.now()
            user.version += 1
            self._audit.note(session, Action.RENAMED, actor=user_id, target=user_id)
            await session.flush()
            await record(session, UserRenamed(subject=user_id, aggregateversion=user.version, data=UserRenamedData()))
            return user

    async def change_password(self, user_id: UserId, *, current: str, new: str, address: str) -> None:
        """Replace the password and end every login.

        Raises:
            WrongPassword: `current` is not the password.
            WeakPassword: the policy refuses the new one.
            Throttled: too many attempts from this network address.
        """
        user = await self._verify(user_id, current, address)
        await self._change_password(user, await self.choose_password(user, new))

    @retry_on_conflict
    async def _change_password(self, user: User, replacement: PasswordHash) -> None:
        async with self._sessions.begin() as session:
            await self.replace_password(session, user, replacement)
            self._audit.note(session, Action.PASSWORD_CHANGED, actor=user.id, target=user.id)

    async def choose_password(self, user: User, new: str) -> PasswordHash:
        """The hash of a new password of the user; `WeakPassword` when the policy refuses it."""
        return await self._passwords.choose(new, about=(user.email, user.name))

    async def replace_password(self, session: AsyncSession, user: User, replacement: PasswordHash) -> User:
        """Store another password, end every login and delete its reset tokens, as part of a transaction.

        `WrongPassword` when the password has changed since `user` was read.
        """
        now = self._clock.now()
        current = await session.get(User, user.id)
        if current is None or current.password_hash != user.password_hash:
            raise WrongPassword
        current.password_hash = replacement
        # Tokens count whole seconds. From the next second on, so that no token of this second stays valid after the
        # change.
        current.password_changed_at = current.updated_at = now.replace(microsecond=0) + _SECOND
        await grants.revoke_subject(session, Subject(user.id), at=now)
        await one_time.forget(session, user.id, Purpose.RESET)
        return current

    async def delete(self, user_id: UserId, *, password: str, address: str) -> None:
        """Delete the account permanently and record `user.deleted`.

        Raises:
            WrongPassword: it is not the password.
            Throttled: too many attempts from this network address.
        """
        user = await self._verify(user_id, password, address)
        await self._delete(user.id)

    @retry_on_conflict
    async def _delete(self, user_id: UserId) -> None:
        # The database deletes what refers to the user, the audit log excepted.
        async with self._sessions.begin() as session:
            version = await session.scalar(delete(User).where(User.id == user_id).returning(User.version))
            if version is None:
                # Another request has deleted the account meanwhile, and recorded it.
                return
            self._audit.note(session, Action.DELETED, actor=user_id, target=user_id)
            await record(session, UserDeleted(subject=user_id, aggregateversion=version + 1, data=UserDeletedData()))

    @retry_on_conflict
    async def _store(self, user: User) -> User | None:
        """Store a new user and return it, or record the attempt and return None if the address has an account."""
        async with self._sessions.begin() as session:
            existing = await repository.find(session, user.email_key)
            if existing is not None:
                self._audit.note(session, Action.REGISTRATION_REPEATED, actor="", target=existing.id)
                return None
            session.add(user)
            self._audit.note(session, Action.REGISTERED, actor=user.id, target=user.id)
        return user

    async def _verify(self, user_id: UserId, password: str, address: str) -> User:
        user = await self.get(user_id)
        await self._passwords.acquire(user.email_key, address)
        try:
            await self._passwords.verify(user, password, key=user.email_key, address=address)
        except InvalidCredentials as error:
            raise WrongPassword from error
        return user


def _new_user(email: str, name: str, password_hash: PasswordHash, *, now: datetime) -> User:
    return User(
        id=UserId(str(uuid.uuid4())),
        email=email,
        email_key=email_key(email),
        name=name,
        password_hash=password_hash,
        role_names="",
        password_changed_at=now,
        created_at=now,
        updated_at=now,
        version=1,
    )
