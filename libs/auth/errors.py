"""The errors of this library.

A leaf carries the data that a log or a response needs. No error has a status code; `libs.auth.fastapi` maps them.
"""


class AuthError(Exception):
    """Base class of every error that this library raises on purpose."""


class InvalidToken(AuthError):
    """An access token that must be rejected. `reason` is for the log, never for the caller."""

    def __init__(self, reason: str) -> None:
        """Keep why the token was refused."""
        super().__init__(f"access token refused: {reason}")
        self.reason = reason


class InsufficientScope(AuthError):
    """A valid token without the scope that the operation requires."""

    def __init__(self, required: str) -> None:
        """Store the required scope."""
        super().__init__(f"the token lacks the scope {required!r}")
        self.required = required


class InsufficientRole(AuthError):
    """A valid token whose subject does not have the role that the operation requires."""

    def __init__(self, required: str) -> None:
        """Store the required role."""
        super().__init__(f"the subject lacks the role {required!r}")
        self.required = required


class KeyUnavailable(AuthError):
    """No verification keys are available at present, which is no fault of the caller."""

    def __init__(self, source: str) -> None:
        """Keep the source of the keys."""
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
    """A login, or a client's secret, that does not match. The message has no details on purpose."""


class InvalidGrant(AuthError):
    """A refresh token that is unknown, expired, revoked or another client's."""


class ReusedGrant(InvalidGrant):
    """A refresh token that was used twice; its whole family has been revoked."""

    def __init__(self, family: str, subject: str) -> None:
        """Keep the subject of the family, for the audit log."""
        super().__init__(f"refresh token of family {family} was used twice")
        self.family = family
        self.subject = subject


class InvalidScope(AuthError):
    """Requested scopes that the client may not have, or that are malformed."""

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
    """The URI of the throttle store is not one that can be used; the text states what was expected."""


class UnstatedPolicy(AuthError):
    """Routes that state neither a scope or role nor that they are public."""

    def __init__(self, routes: tuple[str, ...]) -> None:
        """Keep every route at fault, as `METHOD path`."""
        super().__init__(f"state a policy, requires(...) or public(), for: {', '.join(routes)}")
        self.routes = routes
