"""The errors of this library.

A leaf carries the data that a log or a response needs. No error has a status code; `libs.auth.fastapi` maps them.
"""


class AuthError(Exception):
    """Base class of every error that this library raises on purpose."""


class InvalidToken(AuthError):
    """An access token that must not be honoured. `reason` is for the log, never for the caller."""

    def __init__(self, reason: str) -> None:
        """Keep why the token was refused."""
        super().__init__(f"access token refused: {reason}")
        self.reason = reason


class InsufficientScope(AuthError):
    """A good token that does not carry the scope which the operation asks for."""

    def __init__(self, required: str) -> None:
        """Keep the scope that was asked for."""
        super().__init__(f"the token lacks the scope {required!r}")
        self.required = required


class InsufficientRole(AuthError):
    """A good token whose subject does not have the role which the operation asks for."""

    def __init__(self, required: str) -> None:
        """Keep the role that was asked for."""
        super().__init__(f"the subject lacks the role {required!r}")
        self.required = required


class KeyUnavailable(AuthError):
    """No verification keys can be had at present: the fault is ours, not the caller's."""

    def __init__(self, source: str) -> None:
        """Keep where the keys should have come from."""
        super().__init__(f"no verification keys from {source}")
        self.source = source


class UnusableKey(AuthError):
    """Signing keys that a service must not start with: missing, weak, or readable by others."""

    def __init__(self, where: str, what: str) -> None:
        """Keep the file or folder and what is wrong with it."""
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


class InvalidKeySet(AuthError):
    """A JWK Set document that cannot be used."""


class WeakPassword(AuthError):
    """A password that the policy refuses; `reason` may be shown to the user."""

    def __init__(self, reason: str) -> None:
        """Keep the sentence for the user."""
        super().__init__(reason)
        self.reason = reason


class InvalidCredentials(AuthError):
    """A login, or a client's secret, that does not match. Says no more, on purpose."""


class InvalidGrant(AuthError):
    """A refresh token that is unknown, expired, revoked or another client's."""


class ReusedGrant(InvalidGrant):
    """A refresh token that came back after its use: its whole family has been revoked."""

    def __init__(self, family: str, subject: str) -> None:
        """Keep whose family it was, for the audit log."""
        super().__init__(f"refresh token of family {family} was used twice")
        self.family = family
        self.subject = subject


class InvalidScope(AuthError):
    """Scopes that a client asked for and may not have, or that are no scopes."""

    def __init__(self, refused: str) -> None:
        """Keep what was refused."""
        super().__init__(f"scope refused: {refused!r}")
        self.refused = refused


class Throttled(AuthError):
    """Too many attempts; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, retry_after: int) -> None:
        """Keep how long the caller should wait."""
        super().__init__(f"too many attempts, retry in {retry_after} s")
        self.retry_after = retry_after


class InvalidThrottleUri(AuthError):
    """The URI of the throttle store is not one that can be used; the text says what was expected."""


class UnstatedPolicy(AuthError):
    """Routes that state neither a scope or role nor that they are public."""

    def __init__(self, routes: tuple[str, ...]) -> None:
        """Keep every route at fault, as `METHOD path`."""
        super().__init__(f"state a policy, requires(...) or public(), for: {', '.join(routes)}")
        self.routes = routes
