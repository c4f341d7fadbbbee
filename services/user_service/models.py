"""The tables of the user service, and the values that its layers exchange."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NewType

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Dialect, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, validates
from sqlalchemy.types import TypeDecorator

from libs.auth.claims import ClientId, Role, Scope, Subject, parse_scopes
from libs.auth.clients import SecretDigest
from libs.auth.passwords import PasswordHash
from libs.auth.refresh import FamilyId, RefreshToken, TokenDigest
from libs.db.schema import Schema
from libs.db.types import COLUMN_TYPES, HexBytes, TextEnum
from libs.events.tables import add_event_tables

UserId = NewType("UserId", str)
EmailKey = NewType("EmailKey", str)
"""An address in the form in which addresses are compared: two spellings of one address have one key."""

FIRST_PARTY = ClientId("first-party")
"""The client of every login with a password: the front ends of this repository, which cannot keep a secret."""

ADMIN = Role("admin")
AUDITOR = Role("auditor")
MAY_INTROSPECT = Scope("tokens:introspect")
MAY_READ_DIRECTORY = Scope("directory:read")
"""Only for services: no user has it."""
USER_SCOPES = frozenset({Scope("users:me")})
"""Scopes of this service that every user has; those of other services are the setting `granted_scopes`."""
ROLE_SCOPES = {
    ADMIN: frozenset(map(Scope, ("users:admin", "users:audit"))),
    AUDITOR: frozenset({Scope("users:audit")}),
}


class Action(StrEnum):
    """The actions in the audit log."""

    REGISTERED = "registered"
    REGISTRATION_REPEATED = "registration-repeated"
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
    """The purpose of a one-time token."""

    VERIFY = "verify"
    RESET = "reset"


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map = COLUMN_TYPES


class ScopeSet(TypeDecorator[frozenset[Scope]]):
    """Scopes, stored as a `scope` parameter has them (RFC 6749, section 3.3)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[Scope] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the stored text."""
        return None if value is None else " ".join(sorted(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[Scope] | None:  # noqa: ARG002
        """Return the scopes."""
        return None if value is None else parse_scopes(value)


class User(Base):
    """A user. Tokens issued before the second of `password_changed_at` are no longer valid.

    `version` is the aggregate version of events: each change with an event increases it.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index("users_by_email_key", "email_key", unique=True),
        Index("users_by_creation", "created_at", "id"),
    )

    id: Mapped[UserId] = mapped_column(String(36), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[EmailKey] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[PasswordHash] = mapped_column(String(255))
    role_names: Mapped[str] = mapped_column(String(255), default="")
    password_changed_at: Mapped[datetime]
    locked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")

    @validates("name")
    def _fold_name(self, _: str, name: str) -> str:
        self.name_key = folded(name)
        return name

    @property
    def verified(self) -> bool:
        """Whether the user has shown that the address is theirs."""
        return self.verified_at is not None

    @property
    def roles(self) -> frozenset[Role]:
        """The user's roles."""
        return frozenset(map(Role, self.role_names.split()))

    @property
    def scopes(self) -> frozenset[Scope]:
        """Return the scopes of this service that the user's roles give."""
        return USER_SCOPES.union(*(ROLE_SCOPES.get(role, frozenset()) for role in self.roles))


class RefreshGrantRow(Base):
    """A refresh token; the fields are those of `libs.auth.refresh.RefreshGrant`."""

    __tablename__ = "refresh_grants"
    __table_args__ = (
        Index("refresh_grants_by_family", "family"),
        Index("refresh_grants_by_subject", "subject"),
        Index("refresh_grants_by_end", "family_expires_at"),
    )

    digest: Mapped[TokenDigest] = mapped_column(HexBytes(64), primary_key=True)
    family: Mapped[FamilyId] = mapped_column(String(64))
    subject: Mapped[Subject] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"))
    client_id: Mapped[ClientId] = mapped_column(String(255))
    scopes: Mapped[frozenset[Scope]] = mapped_column(ScopeSet)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    family_expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ClientRow(Base):
    """A service that gets access tokens for itself; the fields are those of `libs.auth.clients.Client`."""

    __tablename__ = "clients"

    client_id: Mapped[ClientId] = mapped_column(String(36), primary_key=True)
    secret_digest: Mapped[SecretDigest] = mapped_column(HexBytes(64))
    scopes: Mapped[frozenset[Scope]] = mapped_column(ScopeSet)
    created_at: Mapped[datetime]


class OneTimeToken(Base):
    """A token that was sent by email. One that is used, replaced or expired has no row."""

    __tablename__ = "one_time_tokens"
    __table_args__ = (
        Index("one_time_tokens_by_user", "user_id", "purpose"),
        Index("one_time_tokens_by_end", "expires_at"),
    )

    digest: Mapped[TokenDigest] = mapped_column(HexBytes(64), primary_key=True)
    user_id: Mapped[UserId] = mapped_column(String(36), ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[Purpose] = mapped_column(TextEnum(Purpose, 16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AuditEntry(Base):
    """One entry of the audit log, which triggers keep from being changed.

    `actor` and `target` are ids of users, clients or products, never addresses or names, so that a deleted
    account leaves no personal data behind.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index("audit_entries_by_time", "at", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[Action] = mapped_column(TextEnum(Action, 32))
    target: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))


add_event_tables(Base.metadata)
SCHEMA = Schema(Base.metadata, Path(__file__).parent / "migrations")


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens that a user gets for a password or a refresh token."""

    access_token: str
    refresh_token: RefreshToken
    seconds: int
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """The token that a service gets for its secret."""

    access_token: str
    seconds: int
    scopes: frozenset[Scope]


def email_key(email: str) -> EmailKey:
    """Return the key of an address, without differences of compatibility form, letter case and domain encoding.

    Text that is not an address has a key too, which no account has.
    """
    return EmailKey(folded(_as_registered(email)))


def normal_address(email: str) -> str:
    """Return an address as it is stored, with its domain in Unicode; raise `EmailNotValidError` if it is invalid."""
    return validate_email(email, check_deliverability=False, strict=True).normalized


def _as_registered(email: str) -> str:
    try:
        return normal_address(email)
    except EmailNotValidError:
        return email


def folded(text: str) -> str:
    """Return `text` in the form in which it is compared and searched."""
    return unicodedata.normalize("NFKC", text).casefold()
