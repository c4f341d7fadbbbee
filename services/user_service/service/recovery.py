"""Verification of an address and replacement of a password, by tokens that are sent by mail."""

from libs.auth.passwords import PasswordHash
from libs.auth.refresh import TokenDigest
from libs.auth.throttle import AttemptThrottle
from libs.clock.clock import Clock
from libs.db.sessions import SessionFactory, retry_on_conflict
from services.user_service.errors import OneTimeTokenRefused
from services.user_service.models import Action, OneTimeToken, Purpose, User, email_key
from services.user_service.repository import one_time
from services.user_service.repository import users as repository
from services.user_service.service.audit import Audit
from services.user_service.service.email_outbox import EmailOutbox, digest_of
from services.user_service.service.email_templates import EmailTemplate
from services.user_service.service.users import UserService


class RecoveryService:
    """Request emails with one-time tokens, and accept those tokens."""

    def __init__(
        self,
        sessions: SessionFactory,
        *,
        users: UserService,
        email_outbox: EmailOutbox,
        throttle: AttemptThrottle,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._users = users
        self._email_outbox = email_outbox
        self._throttle = throttle
        self._audit = audit
        self._clock = clock

    async def request_email(self, template: EmailTemplate, email: str, *, address: str) -> None:
        """Send an email with a token if the email address has an account.

        Raises:
            Throttled: too many requests for this email address or from this network address.
        """
        key = email_key(email)
        await self._throttle.acquire(key, address)
        self._email_outbox.enqueue(template, key)

    @retry_on_conflict
    async def verify(self, token: str) -> None:
        """Record that the address is the user's; OneTimeTokenRefused for a token that is not valid (any more)."""
        now = self._clock.now()
        async with self._sessions.begin() as session:
            found = _valid(await one_time.find(session, digest_of(token), Purpose.VERIFY, now=now))
            user = await repository.existing(session, found.user_id)
            user.verified_at = user.verified_at or now
            await session.delete(found)
            self._audit.note(session, Action.VERIFIED, actor=user.id, target=user.id)

    async def reset_password(self, token: str, *, new: str) -> None:
        """Replace the password and end every login. A rejected password leaves the token valid.

        Raises:
            OneTimeTokenRefused: the token is not valid (any more).
            WeakPassword: the policy rejects the password.
        """
        digest = digest_of(token)
        async with self._sessions.read() as session:
            found = _valid(await one_time.find(session, digest, Purpose.RESET, now=self._clock.now()))
            user = await repository.existing(session, found.user_id)
        await self._reset(digest, user, await self._users.choose_password(user, new))

    @retry_on_conflict
    async def _reset(self, digest: TokenDigest, user: User, replacement: PasswordHash) -> None:
        now = self._clock.now()
        async with self._sessions.begin() as session:
            _valid(await one_time.find(session, digest, Purpose.RESET, now=now))
            current = await self._users.replace_password(session, user, replacement)
            # The token was sent to the address, so the user reads mail there.
            current.verified_at = current.verified_at or now
            self._audit.note(session, Action.PASSWORD_RESET, actor=user.id, target=user.id)


def _valid(token: OneTimeToken | None) -> OneTimeToken:
    if token is None:
        raise OneTimeTokenRefused
    return token
