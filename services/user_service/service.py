"""The rules of accounts and logins. No HTTP, no SQL."""

import uuid
from datetime import datetime

from libs.auth.claims import Claims, ClientId, Subject
from libs.auth.clock import Clock
from libs.auth.errors import InvalidCredentials, InvalidGrant
from libs.auth.password_policy import PasswordPolicy
from libs.auth.passwords import Passwords
from libs.auth.refresh import Refreshed, RefreshTokens
from libs.auth.throttle import LoginThrottle
from libs.auth.tokens import TokenIssuer
from libs.db.columns import Micros, at, micros
from libs.db.database import Database
from libs.db.errors import UniqueViolation
from services.user_service import repository
from services.user_service.errors import EmailTaken, UserNotFound
from services.user_service.models import Login, User, UserId, email_key

FIRST_PARTY = ClientId("first-party")
"""The client of every login with a password: our own front ends."""


class Users:
    """Accounts."""

    def __init__(self, database: Database, *, passwords: Passwords, policy: PasswordPolicy, clock: Clock) -> None:
        self._database = database
        self._passwords = passwords
        self._policy = policy
        self._clock = clock

    async def register(self, *, email: str, password: str, name: str) -> User:
        """Open an account.

        Raises:
            WeakPassword: the policy refuses the password.
            EmailTaken: the address has an account.
        """
        self._policy.check(password, about=(email, name))
        now = micros(self._clock.now())
        user = User(
            id=UserId(str(uuid.uuid4())),
            email=email,
            email_key=email_key(email),
            name=name,
            password_hash=await self._passwords.hash(password),
            role_names="",
            password_changed_at=now,
            locked_at=None,
            created_at=now,
            updated_at=now,
        )
        try:
            await repository.insert(self._database, user)
        except UniqueViolation as error:
            raise EmailTaken from error
        return user

    async def get(self, user_id: UserId) -> User:
        """The user.

        Raises:
            UserNotFound: there is none.
        """
        user = await repository.read(self._database, user_id)
        if user is None:
            raise UserNotFound(user_id)
        return user

    async def holds(self, claims: Claims) -> bool:
        """Whether the subject still exists, is not locked, and has the password of the login."""
        user = await repository.read(self._database, UserId(claims.subject))
        return (
            user is not None and user.locked_at is None and claims.issued_at >= _whole_second(user.password_changed_at)
        )


class Logins:
    """Passwords and refresh tokens in, access tokens out."""

    def __init__(
        self,
        database: Database,
        *,
        passwords: Passwords,
        throttle: LoginThrottle,
        refresh: RefreshTokens,
        issuer: TokenIssuer,
        audience: str,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttle = throttle
        self._refresh = refresh
        self._issuer = issuer
        self._audience = audience

    async def log_in(self, *, email: str, password: str, address: str) -> Login:
        """Tokens for whoever knows the password.

        Unknown address, wrong password and locked account take the same time and look the same.

        Raises:
            InvalidCredentials: they do not match.
            Throttled: too many attempts from this network address.
        """
        key = email_key(email)
        await self._throttle.admit(key, address)
        user = await repository.find(self._database, key)
        verdict = await self._passwords.check(password, user.password_hash if user else None)
        if user is None or not verdict.matches or user.locked_at is not None:
            raise InvalidCredentials
        await self._throttle.succeed(key, address)
        if verdict.upgraded:
            await repository.rehash(self._database, user, verdict.upgraded)
        refreshed = await self._refresh.start(subject=Subject(user.id), client_id=FIRST_PARTY, scopes=user.scopes)
        return self._login(user, refreshed)

    async def refresh(self, token: str) -> Login:
        """New tokens for a refresh token, which is used up by it.

        Raises:
            InvalidGrant: it is unknown, used, revoked or too old, or its user is locked.
        """
        refreshed = await self._refresh.rotate(token, client_id=FIRST_PARTY)
        user = await repository.read(self._database, UserId(refreshed.grant.subject))
        if user is None or user.locked_at is not None:
            raise InvalidGrant("the user is gone or locked")
        return self._login(user, refreshed)

    async def log_out(self, token: str) -> None:
        """End a login: its refresh tokens are worth nothing from now on."""
        await self._refresh.revoke(token, client_id=FIRST_PARTY)

    def _login(self, user: User, refreshed: Refreshed) -> Login:
        # Rights may have been taken away since the login, never added to it.
        scopes = refreshed.grant.scopes & user.scopes
        access_token = self._issuer.issue(
            subject=Subject(user.id),
            audience=self._audience,
            client_id=FIRST_PARTY,
            scopes=scopes,
            roles=user.roles,
        )
        seconds = round(self._issuer.lifetime.total_seconds())
        return Login(access_token, refreshed.token, seconds, scopes)


def _whole_second(moment: Micros) -> datetime:
    return at(moment).replace(microsecond=0)
