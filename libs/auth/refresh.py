"""Refresh tokens: opaque, single use, one family for each login (RFC 9700 section 4.14.2).

The client holds 256 random bits, and the store their SHA-256, which is sufficient for a secret of
that strength. Each use replaces the token by a successor of the same family. If a used token is
presented again, two parties have tokens of the family, and it is unknown which one is legitimate;
so the whole family is revoked.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NewType, Protocol

from libs.auth.claims import ClientId, Scope, Subject
from libs.auth.errors import InvalidGrant, InvalidScope, ReusedGrant
from libs.clock.clock import Clock

RefreshToken = NewType("RefreshToken", str)
"""The secret itself, 43 characters of base64url; it is shown once."""
TokenDigest = NewType("TokenDigest", bytes)
"""Its SHA-256, 32 bytes; this is what is stored."""
FamilyId = NewType("FamilyId", str)
"""Identifies all tokens of one login."""

IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshGrant:
    """The stored record of one refresh token."""

    digest: TokenDigest
    family: FamilyId
    subject: Subject
    client_id: ClientId
    scopes: frozenset[Scope]
    issued_at: datetime
    expires_at: datetime
    """When it expires if it is not used; at most `family_expires_at`."""
    family_expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class RefreshStore(Protocol):
    """Storage of grants; a service implements it on its database."""

    async def add(self, grant: RefreshGrant) -> None:
        """Keep the first grant of a family."""
        ...

    async def find(self, digest: TokenDigest) -> RefreshGrant | None:
        """Return the grant, used and revoked ones too."""
        ...

    async def replace(self, used: TokenDigest, successor: RefreshGrant) -> bool:
        """In one transaction: mark `used` as used at `successor.issued_at` and add `successor`.

        Return False and change nothing unless `used` was neither used nor revoked: of any number of
        concurrent calls one is True.
        """
        ...

    async def revoke_family(self, family: FamilyId, *, at: datetime) -> None:
        """Mark every grant of the family as revoked."""
        ...

    async def revoke_subject(self, subject: Subject, *, at: datetime) -> None:
        """Mark every grant of the subject as revoked."""
        ...


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The successor token and the grant behind it."""

    token: RefreshToken
    grant: RefreshGrant


class RefreshTokens:
    """Issues, rotates and revokes refresh tokens."""

    def __init__(
        self,
        store: RefreshStore,
        *,
        clock: Clock,
        idle: timedelta = IDLE,
        absolute: timedelta = ABSOLUTE,
    ) -> None:
        """A token expires after `idle` without use, a family after `absolute` regardless of use."""
        self._store = store
        self._clock = clock
        self._idle = idle
        self._absolute = absolute

    async def start(self, *, subject: Subject, client_id: ClientId, scopes: frozenset[Scope]) -> Refreshed:
        """Begin a family at login."""
        first = self.new_family(subject=subject, client_id=client_id, scopes=scopes)
        await self._store.add(first.grant)
        return first

    def new_family(self, *, subject: Subject, client_id: ClientId, scopes: frozenset[Scope]) -> Refreshed:
        """Return the first token of a family, which the caller stores in its own transaction."""
        now = self._clock.now()
        token, digest = _new_token()
        grant = RefreshGrant(
            digest=digest,
            family=FamilyId(secrets.token_urlsafe(16)),
            subject=subject,
            client_id=client_id,
            scopes=scopes,
            issued_at=now,
            expires_at=now + min(self._idle, self._absolute),
            family_expires_at=now + self._absolute,
        )
        return Refreshed(token, grant)

    async def rotate(self, token: str, *, client_id: ClientId, requested: frozenset[Scope] = frozenset()) -> Refreshed:
        """Use a token and return its successor, which has the same scopes.

        `ReusedGrant` if it had been used, whereupon the family is revoked; `InvalidScope`, and the token stays good,
        if `requested` goes beyond what was granted (RFC 6749 section 6); `InvalidGrant` in every other case.
        """
        grant = await self._find(token)
        now = self._clock.now()
        if grant.client_id != client_id or grant.revoked_at is not None:
            raise InvalidGrant("refresh token of another client, or revoked")
        # Check this before the age: reuse of a stolen token is detected even after it has expired.
        if grant.used_at is not None:
            await self._revoke_reused(grant, now)
        if now >= grant.expires_at:
            raise InvalidGrant("refresh token expired")
        if not requested <= grant.scopes:
            raise InvalidScope(" ".join(sorted(requested - grant.scopes)))
        successor, digest = _new_token()
        renewed = replace(
            grant,
            digest=digest,
            issued_at=now,
            expires_at=min(now + self._idle, grant.family_expires_at),
        )
        if not await self._store.replace(grant.digest, renewed):
            # A concurrent request has used the same token since it was read.
            await self._revoke_reused(grant, now)
        return Refreshed(successor, renewed)

    async def revoke(self, token: str, *, client_id: ClientId) -> None:
        """Revoke the family of a token (RFC 7009).

        One that is unknown or another client's changes nothing.
        """
        try:
            grant = await self._find(token)
        except InvalidGrant:
            return
        if grant.client_id == client_id:
            await self._store.revoke_family(grant.family, at=self._clock.now())

    async def revoke_subject(self, subject: Subject) -> None:
        """Revoke every family of a subject: at a change of password, at a lock, at deletion."""
        await self._store.revoke_subject(subject, at=self._clock.now())

    async def inspect(self, token: str) -> RefreshGrant | None:
        """Return the grant of a token that can be used now, else None (RFC 7662)."""
        try:
            grant = await self._find(token)
        except InvalidGrant:
            return None
        now = self._clock.now()
        live = grant.used_at is None and grant.revoked_at is None and now < grant.expires_at
        return grant if live else None

    async def _find(self, token: str) -> RefreshGrant:
        digest = digest_of(token)
        grant = await self._store.find(digest) if digest is not None else None
        if grant is None:
            raise InvalidGrant("refresh token unknown")
        return grant

    async def _revoke_reused(self, grant: RefreshGrant, now: datetime) -> None:
        await self._store.revoke_family(grant.family, at=now)
        raise ReusedGrant(grant.family, grant.subject)


def digest_of(token: str) -> TokenDigest | None:
    """Return the digest under which a token is stored, or None for text that cannot be a token."""
    if len(token) != _TOKEN_LENGTH or not token.isascii():
        return None
    return TokenDigest(hashlib.sha256(token.encode("ascii")).digest())


_TOKEN_LENGTH = 43


def _new_token() -> tuple[RefreshToken, TokenDigest]:
    token = secrets.token_urlsafe(32)
    return RefreshToken(token), TokenDigest(hashlib.sha256(token.encode("ascii")).digest())
