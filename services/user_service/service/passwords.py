"""Passwords, compared and chosen: every place that takes one uses this service."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge

from libs.auth.errors import InvalidCredentials, Throttled
from libs.auth.password_policy import PasswordPolicy
from libs.auth.passwords import PasswordHash, Passwords
from libs.auth.throttle import AttemptThrottle
from services.user_service.models import EmailKey, User
from services.user_service.service.security_log import LoginFailure, SecurityLog


class PasswordService:
    """Compares passwords under one throttle, and hashes new ones that the policy accepts."""

    def __init__(
        self, passwords: Passwords, *, policy: PasswordPolicy, throttle: AttemptThrottle, security: SecurityLog
    ) -> None:
        self._passwords = passwords
        self._policy = policy
        self._throttle = throttle
        self._security = security

    async def acquire(self, key: EmailKey, address: str) -> None:
        """Count an attempt on an account from a network address; `Throttled` when there were too many."""
        await self._throttle.acquire(key, address)

    async def refund(self, key: EmailKey, address: str) -> None:
        """Do not count an attempt at which no password could be compared."""
        await self._throttle.refund(key, address)

    async def verify(
        self, user: User | None, password: str, *, key: EmailKey, address: str
    ) -> tuple[User, PasswordHash | None]:
        """Return the user if the password is theirs, and a new hash if the stored one is cheaper than new ones.

        An unknown user, a wrong password and a locked account take the same time and look the same.

        Raises:
            InvalidCredentials: it does not match.
            Throttled: too many passwords wait to be compared; this attempt does not count.
        """
        try:
            result = await self._passwords.check(password, user.password_hash if user else None)
        except Throttled:
            self._security.throttled("password_queue", key, address)
            await self.refund(key, address)
            raise
        if user is None or not result.matches or user.locked_at is not None:
            self._security.login_failed(key, address, _failure(user, matches=result.matches))
            raise InvalidCredentials("unknown, wrong or locked")
        await self._throttle.reset(key, address)
        return user, result.upgraded

    async def choose(self, password: str, *, about: Iterable[str]) -> PasswordHash:
        """Return the hash of a new password.

        Raises:
            WeakPassword: the policy refuses it.
            Throttled: too many new passwords wait to be hashed.
        """
        self._policy.check(password, about=about)
        return await self._passwords.hash(password)


def watch_queues(passwords: Passwords, registry: CollectorRegistry) -> None:
    """Register the gauge `password_queue_length` of checks and of new passwords."""
    length = Gauge(
        "password_queue_length", "Passwords that wait for a hash or are hashed.", ("kind",), registry=registry
    )
    length.labels("check").set_function(lambda: passwords.checks_waiting)
    length.labels("new").set_function(lambda: passwords.new_waiting)


def _failure(user: User | None, *, matches: bool) -> LoginFailure:
    if user is None:
        return LoginFailure.UNKNOWN_ACCOUNT
    return LoginFailure.LOCKED if matches else LoginFailure.MISMATCH
