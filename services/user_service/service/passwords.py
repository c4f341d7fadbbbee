"""Where a password is shown or chosen, whatever for."""

from collections.abc import Iterable

from libs.auth.errors import InvalidCredentials
from libs.auth.password_policy import PasswordPolicy
from libs.auth.passwords import PasswordHash, Passwords
from libs.auth.throttle import LoginThrottle
from services.user_service.models import EmailKey, User


class PasswordService:
    """One throttle for every place at which passwords can be tried."""

    def __init__(self, passwords: Passwords, *, policy: PasswordPolicy, throttle: LoginThrottle) -> None:
        self._passwords = passwords
        self._policy = policy
        self._throttle = throttle

    async def acquire(self, key: EmailKey, address: str) -> None:
        """Count an attempt on an account from a network address; `Throttled` when there were too many."""
        await self._throttle.acquire(key, address)

    async def refund(self, key: EmailKey, address: str) -> None:
        """Do not count an attempt at which no password could be looked at."""
        await self._throttle.refund(key, address)

    async def verify(self, user: User | None, password: str, *, address: str) -> tuple[User, PasswordHash | None]:
        """The user, when the password is theirs, and a dearer hash of it when the stored one is too cheap.

        Nobody, a wrong password and a locked account take the same time and look the same.

        Raises:
            InvalidCredentials: it does not match.
        """
        verdict = await self._passwords.check(password, user.password_hash if user else None)
        if user is None or not verdict.matches or user.locked_at is not None:
            raise InvalidCredentials("unknown, wrong or locked")
        await self._throttle.reset(user.email_key, address)
        return user, verdict.upgraded

    async def choose(self, password: str, *, about: Iterable[str]) -> PasswordHash:
        """The hash of a new password; `WeakPassword` when the policy refuses it."""
        self._policy.check(password, about=about)
        return await self._passwords.hash(password)
