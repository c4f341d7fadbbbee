"""Security events: failed logins and throttled attempts, in the log and in metrics."""

import hashlib
from enum import StrEnum

import structlog
from prometheus_client import CollectorRegistry, Counter

from libs.auth.log_limit import LogLimit
from libs.clock.clock import Clock

_HASH_LENGTH = 16


class LoginFailure(StrEnum):
    """Why a password was rejected. The caller never learns which."""

    UNKNOWN_ACCOUNT = "unknown_account"
    MISMATCH = "wrong_password"
    LOCKED = "locked"


class SecurityLog:
    """Writes security events to the logger `security`, a limited number a minute, and counts all of them.

    An event names the account by the start of the SHA-256 of its address: enough to find the events of an account that
    is known, and no list of addresses.
    """

    def __init__(self, *, clock: Clock, registry: CollectorRegistry, lines_per_minute: int = 60) -> None:
        """Count in `registry`: `login_failures_total` by reason, `login_throttled_total` by kind of attempt."""
        self._logger: structlog.stdlib.BoundLogger = structlog.get_logger("security")
        self._limit = LogLimit(
            clock=clock,
            on_suppressed=lambda seconds: self._logger.warning("security_events_suppressed", seconds=seconds),
            on_resumed=lambda lines: self._logger.warning("security_events_resumed", suppressed=lines),
            lines_per_minute=lines_per_minute,
        )
        self._failures = Counter("login_failures", "Passwords that were rejected.", ("reason",), registry=registry)
        self._throttled = Counter(
            "login_throttled",
            "Attempts that were rejected before a password was compared.",
            ("kind",),
            registry=registry,
        )

    def login_failed(self, account: str, address: str, reason: LoginFailure) -> None:
        """Record a password that was rejected."""
        self._failures.labels(reason.value).inc()
        self._write("login_failed", account, address, reason.value)

    def throttled(self, kind: str, account: str, address: str) -> None:
        """Record an attempt that was rejected because there were too many, such as a `login` or a `registration`."""
        self._throttled.labels(kind).inc()
        self._write("attempt_throttled", account, address, kind)

    def _write(self, event: str, account: str, address: str, reason: str) -> None:
        self._limit.write(
            lambda: self._logger.warning(event, account=_account_hash(account), address=address, reason=reason)
        )


def _account_hash(account: str) -> str:
    return hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
