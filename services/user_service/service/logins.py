"""Logins by password, and their refresh tokens."""

from sqlalchemy import update

from libs.auth.claims import Scope, Subject
from libs.auth.clients import requested_scopes
from libs.auth.errors import InvalidCredentials, InvalidGrant, ReusedGrant
from libs.auth.passwords import PasswordHash
from libs.auth.refresh import Refreshed, RefreshTokens
from libs.clock.clock import Clock
from libs.db.errors import DatabaseError
from libs.db.sessions import SessionFactory, retry_on_conflict
from services.user_service.models import FIRST_PARTY, Action, TokenPair, User, UserId, email_key
from services.user_service.repository import grants
from services.user_service.repository import users as repository
from services.user_service.service.audit import Audit
from services.user_service.service.passwords import PasswordService
from services.user_service.service.tokens import AccessTokens


class LoginService:
    """Logins of users at the front ends of this repository."""

    def __init__(
        self,
        sessions: SessionFactory,
        *,
        passwords: PasswordService,
        refresh: RefreshTokens,
        tokens: AccessTokens,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._passwords = passwords
        self._refresh = refresh
        self._tokens = tokens
        self._audit = audit
        self._clock = clock

    async def log_in(self, *, email: str, password: str, address: str) -> TokenPair:
        """Return new tokens in exchange for the password.

        Raises:
            InvalidCredentials: they do not match.
            Throttled: too many attempts from this network address.
        """
        key = email_key(email)
        await self._passwords.acquire(key, address)
        try:
            async with self._sessions.read() as session:
                found = await repository.find(session, key)
        except DatabaseError:
            # Otherwise users who retry while the database is unavailable would be throttled.
            await self._passwords.refund(key, address)
            raise
        user, upgraded = await self._passwords.verify(found, password, key=key, address=address)
        if upgraded:
            await self._rehash(user, upgraded)
        return await self._begin(user)

    @retry_on_conflict
    async def _rehash(self, user: User, upgraded: PasswordHash) -> None:
        """Store a more expensive hash of the same password, unless the password has changed since."""
        unchanged = User.password_hash == user.password_hash
        async with self._sessions.begin() as session:
            await session.execute(update(User).where(User.id == user.id, unchanged).values(password_hash=upgraded))

    @retry_on_conflict
    async def _begin(self, verified: User) -> TokenPair:
        """Begin a login of the user, unless the password that was verified is no longer valid.

        In one transaction, so that a concurrent password change, lock or deletion ends this login like all others.
        """
        async with self._sessions.begin() as session:
            user = await session.get(User, verified.id)
            if user is None or user.locked_at is not None or user.password_changed_at != verified.password_changed_at:
                raise InvalidCredentials("the password was changed, or the user locked or deleted, meanwhile")
            first = self._refresh.new_family(
                subject=Subject(user.id), client_id=FIRST_PARTY, scopes=self._tokens.scopes_of(user)
            )
            grants.add(session, first.grant)
            self._audit.note(session, Action.LOGGED_IN, actor=user.id, target=user.id)
            return self._login(user, first, first.grant.scopes)

    async def refresh(self, token: str, *, requested: str = "") -> TokenPair:
        """Exchange a refresh token for new tokens. The access token has at most the scopes in `requested`.

        Raises:
            InvalidGrant: it is unknown, used, revoked or too old, or its user is locked.
            InvalidScope: more was requested than the login is good for.
        """
        wanted = requested_scopes(requested)
        try:
            refreshed = await self._refresh.rotate(token, client_id=FIRST_PARTY, requested=wanted)
        except ReusedGrant as error:
            await self._note_reuse(Subject(error.subject))
            raise
        async with self._sessions.read() as session:
            user = await session.get(User, UserId(refreshed.grant.subject))
        if user is None or user.locked_at is not None:
            raise InvalidGrant("the user is deleted or locked")
        return self._login(user, refreshed, wanted or refreshed.grant.scopes)

    async def log_out(self, token: str) -> None:
        """End a login: its refresh tokens are rejected from now on."""
        await self._refresh.revoke(token, client_id=FIRST_PARTY)

    @retry_on_conflict
    async def _note_reuse(self, subject: Subject) -> None:
        async with self._sessions.begin() as session:
            self._audit.note(session, Action.TOKEN_REUSED, actor="", target=subject)

    def _login(self, user: User, refreshed: Refreshed, wanted: frozenset[Scope]) -> TokenPair:
        # Scopes that the user has lost since the login are removed; scopes gained since are not added.
        scopes = wanted & self._tokens.scopes_of(user)
        # Up to a second ahead after a change of password; see `UserService.replace_password`.
        issued_at = max(self._clock.now(), user.password_changed_at)
        access_token = self._tokens.for_user(user, scopes, issued_at=issued_at)
        return TokenPair(access_token, refreshed.token, self._tokens.seconds, scopes)
