"""The claims of a verified access token: the caller and its rights."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NewType

from libs.auth.errors import InsufficientRole, InsufficientScope, InvalidToken

Subject = NewType("Subject", str)
"""The user; for a client's own token, the client."""
ClientId = NewType("ClientId", str)
"""The OAuth client that requested the token."""
Scope = NewType("Scope", str)
"""One right, such as `products:read`."""
Role = NewType("Role", str)
"""One role of the user, such as `admin`."""
TokenId = NewType("TokenId", str)
"""The `jti` of an access token."""

_MAX_TEXT = 255
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 9999-12-31, the last day that `datetime` can hold.
_MAX_SECONDS = 253_402_214_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The claims of RFC 9068 section 2.2, each with its own type. Times are aware and in UTC."""

    subject: Subject
    issuer: str
    audience: str
    client_id: ClientId
    scopes: frozenset[Scope]
    roles: frozenset[Role]
    token_id: TokenId
    issued_at: datetime
    expires_at: datetime
    not_before: datetime | None = None

    def require(self, scope: Scope) -> None:
        """Raise `InsufficientScope` unless the token carries `scope`."""
        if scope not in self.scopes:
            raise InsufficientScope(scope)

    def require_role(self, role: Role) -> None:
        """Raise `InsufficientRole` unless the subject has `role`."""
        if role not in self.roles:
            raise InsufficientRole(role)

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> "Claims":
        """Read a decoded payload.

        `InvalidToken` where a claim is missing or does not conform to RFC 9068.

        Stricter than the RFC in two places: `aud` is one string, because each of two services that accept
        the same token could use it at the other; and times are whole seconds. Unknown members are
        ignored, as RFC 7519 requires.
        """
        return cls(
            subject=Subject(_text(payload, "sub")),
            issuer=_text(payload, "iss"),
            audience=_text(payload, "aud"),
            client_id=ClientId(_text(payload, "client_id")),
            scopes=frozenset(map(Scope, _scope(payload))),
            roles=frozenset(map(Role, _texts(payload, "roles"))),
            token_id=TokenId(_text(payload, "jti")),
            issued_at=_time(payload, "iat"),
            expires_at=_time(payload, "exp"),
            not_before=_time(payload, "nbf") if "nbf" in payload else None,
        )

    def to_payload(self) -> dict[str, Any]:
        """Return the members to sign, the inverse of `from_payload`."""
        payload: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.audience,
            "client_id": self.client_id,
            "jti": self.token_id,
            "iat": _seconds(self.issued_at),
            "exp": _seconds(self.expires_at),
            # Sorted, so that equal sets of scopes give equal text.
            "scope": " ".join(sorted(self.scopes)),
        }
        if self.roles:
            payload["roles"] = sorted(self.roles)
        if self.not_before is not None:
            payload["nbf"] = _seconds(self.not_before)
        return payload


def parse_scopes(text: str) -> frozenset[Scope]:
    """Split a `scope` parameter (RFC 6749 section 3.3).

    `ValueError` for characters or spaces that it does not allow.
    """
    if not text:
        return frozenset()
    names = text.split(" ")
    for name in names:
        if not name or not all("!" <= character <= "~" and character not in '"\\' for character in name):
            raise ValueError("not a scope of RFC 6749")
    return frozenset(map(Scope, names))


def _seconds(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds())


def _text(payload: dict[str, Any], name: str) -> str:
    return _is_text(payload.get(name), name)


def _texts(payload: dict[str, Any], name: str) -> Iterable[str]:
    values = payload.get(name, [])
    if not isinstance(values, list):
        raise InvalidToken(f"{name} is not an array")
    return [_is_text(value, name) for value in values]


def _is_text(value: object, name: str) -> str:
    """Accept only printable text: identifiers end up in logs, cache keys and SQL."""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT or not value.isprintable():
        raise InvalidToken(f"{name} is missing or is not printable text")
    return value


def _scope(payload: dict[str, Any]) -> Iterable[str]:
    value = payload.get("scope", "")
    if not isinstance(value, str):
        raise InvalidToken("scope is not text")
    try:
        return parse_scopes(value)
    except ValueError as error:
        raise InvalidToken(str(error)) from error


def _time(payload: dict[str, Any], name: str) -> datetime:
    value = payload.get(name)
    # `type` and not isinstance: True is an int.
    if type(value) is not int or not 0 <= value <= _MAX_SECONDS:
        raise InvalidToken(f"{name} is missing or is not a time in whole seconds")
    return _EPOCH + timedelta(seconds=value)
