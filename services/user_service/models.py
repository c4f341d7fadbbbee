"""The service's values."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from email_validator import EmailNotValidError, validate_email

from libs.auth.claims import ClientId, Role, Scope
from libs.auth.passwords import PasswordHash
from libs.auth.refresh import RefreshToken
from libs.db.columns import Micros

UserId = NewType("UserId", str)
EmailKey = NewType("EmailKey", str)
"""An address as it is compared: two spellings of one address have one key."""

FIRST_PARTY = ClientId("first-party")
"""The client of every login with a password: our own front ends, which can keep no secret."""

ADMIN = Role("admin")
AUDITOR = Role("auditor")
MAY_INTROSPECT = Scope("tokens:introspect")
USER_SCOPES = frozenset(map(Scope, ("users:me", "products:read", "products:write", "products:reserve")))
ROLE_SCOPES = {
    ADMIN: frozenset(map(Scope, ("users:admin", "users:audit"))),
    AUDITOR: frozenset({Scope("users:audit")}),
}


@dataclass(frozen=True, slots=True)
class User:
    """A user as stored; the fields are in the order of the table's columns.

    Tokens issued before the second of `password_changed_at` are worth nothing.
    """

    id: UserId
    email: str
    email_key: EmailKey
    name: str
    password_hash: PasswordHash
    role_names: str
    password_changed_at: Micros
    locked_at: Micros | None
    created_at: Micros
    updated_at: Micros
    verified_at: Micros | None = None

    @property
    def roles(self) -> frozenset[Role]:
        """The user's roles."""
        return frozenset(map(Role, self.role_names.split()))

    @property
    def scopes(self) -> frozenset[Scope]:
        """What a token of this user may do."""
        return USER_SCOPES.union(*(ROLE_SCOPES.get(role, frozenset()) for role in self.roles))


@dataclass(frozen=True, slots=True)
class Login:
    """What a user gets for a password or a refresh token."""

    access_token: str
    refresh_token: RefreshToken
    seconds: int
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """What a service gets for its secret."""

    access_token: str
    seconds: int
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of users or of the audit log ends: what was made before this comes next."""

    moment: Micros
    id: str


class Action(StrEnum):
    """What the audit log knows of."""

    REGISTERED = "registered"
    LOGGED_IN = "logged-in"
    TOKEN_REUSED = "refresh-token-reused"  # noqa: S105  # the name of an event
    RENAMED = "renamed"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105  # likewise
    DELETED = "deleted"
    ROLE_GRANTED = "role-granted"
    ROLE_REVOKED = "role-revoked"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    VERIFIED = "address-verified"
    PASSWORD_RESET = "password-reset"  # noqa: S105  # the name of an event


class Purpose(StrEnum):
    """What a one-time token is good for."""

    VERIFY = "verify"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class OneTimeToken:
    """What is stored of a token that went out in a letter; the fields are in the order of the table's columns."""

    digest: str
    user_id: UserId
    purpose: Purpose
    created_at: Micros
    expires_at: Micros


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log; the fields are in the order of the table's columns.

    `actor` and `target` are ids of users or clients, never addresses or names, so that a deleted
    account leaves nothing personal behind.
    """

    id: str
    at: Micros
    actor: str
    action: Action
    target: str
    request_id: str


def email_key(email: str) -> EmailKey:
    """The key of an address: compatibility forms, letter case and the coding of a domain do not tell users apart.

    Text that is no address has a key too, which is nobody's.
    """
    return EmailKey(folded(_as_registered(email)))


def normal_address(email: str) -> str:
    """An address as it is stored, its domain in Unicode; `EmailNotValidError` for what is none."""
    return validate_email(email, check_deliverability=False, strict=True).normalized


def _as_registered(email: str) -> str:
    try:
        return normal_address(email)
    except EmailNotValidError:
        return email


def folded(text: str) -> str:
    """`text` as it is compared and searched."""
    return unicodedata.normalize("NFKC", text).casefold()
