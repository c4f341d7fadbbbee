"""The service's values."""

import unicodedata
from dataclasses import dataclass
from typing import NewType

from libs.auth.claims import Role, Scope
from libs.auth.passwords import PasswordHash
from libs.auth.refresh import RefreshToken
from libs.db.columns import Micros

UserId = NewType("UserId", str)
EmailKey = NewType("EmailKey", str)
"""An address as it is compared: two spellings of one address have one key."""

USER_SCOPES = frozenset(map(Scope, ("users:me", "products:read", "products:write", "products:reserve")))
ADMIN_SCOPES = USER_SCOPES | {Scope("users:admin")}
ADMIN = Role("admin")


@dataclass(frozen=True, slots=True)
class User:
    """A user as stored; the fields are in the order of the table's columns."""

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

    @property
    def roles(self) -> frozenset[Role]:
        """The user's roles."""
        return frozenset(map(Role, self.role_names.split()))

    @property
    def scopes(self) -> frozenset[Scope]:
        """What a token of this user may do."""
        return ADMIN_SCOPES if ADMIN in self.roles else USER_SCOPES


@dataclass(frozen=True, slots=True)
class Login:
    """What a user gets for a password or a refresh token."""

    access_token: str
    refresh_token: RefreshToken
    seconds: int
    scopes: frozenset[Scope]


def email_key(email: str) -> EmailKey:
    """The key of an address: compatibility forms and letter case do not tell users apart."""
    return EmailKey(unicodedata.normalize("NFKC", email).casefold())
