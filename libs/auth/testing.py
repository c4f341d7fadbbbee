"""Fakes for the tests of this library and of the services that use it."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from libs.auth.claims import ClientId, Role, Scope, Subject
from libs.auth.keys import KeyRing
from libs.auth.refresh import FamilyId, RefreshGrant, TokenDigest
from libs.auth.signatures import Algorithm, KeyId, SigningKey, generate_private_pem
from libs.auth.strict_json import decode_base64url, encode_base64url
from libs.auth.tokens import TokenIssuer
from libs.auth.verifier import Verifier
from libs.clock.testing import FakeClock

LONG_AGO = datetime.min.replace(tzinfo=UTC)
OMIT = object()
ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"


class MemoryKeys:
    """Private keys in memory; satisfies `libs.auth.keys.KeyStore`."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        """Hold `keys`."""
        self.keys = list(keys)

    def stamp(self) -> object:
        """Return the names of the keys."""
        return [key.key_id for key in self.keys]

    def read(self) -> Sequence[SigningKey]:
        """Return the keys."""
        return list(self.keys)


def new_key(
    name: str = "test-key",
    *,
    activates_at: datetime = LONG_AGO,
    algorithm: Algorithm = Algorithm.EDDSA,
) -> SigningKey:
    """Return a fresh signing key."""
    return SigningKey.from_pem(generate_private_pem(algorithm), key_id=KeyId(name), activates_at=activates_at)


def new_ring(*keys: SigningKey, clock: FakeClock) -> KeyRing:
    """Return a ring of `keys`, or of one fresh key, that looks for changes at every use."""
    return KeyRing(MemoryKeys(keys or [new_key()]), clock=clock, reread_every=0)


class InvalidTokenFactory:
    """Makes tokens whose header, payload or signature differs from a valid default."""

    def __init__(self, factory: "TokenFactory") -> None:
        """Take the header and payload of a valid token of `factory` as defaults, and its key to sign with."""
        self.key = factory.keys.signing_key()
        header, payload, _ = factory.token(scopes=["products:read"]).split(".")
        self.header: dict[str, Any] = json.loads(decode_base64url(header))
        self.payload: dict[str, Any] = json.loads(decode_base64url(payload))

    def token(
        self,
        *,
        header: dict[str, Any] | bytes | None = None,
        payload: dict[str, Any] | bytes | None = None,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> str:
        """Return a token; a member with the value `OMIT` is omitted, and bytes are used unchanged."""
        signing_input = f"{_segment(self.header, header)}.{_segment(self.payload, payload)}"
        signature = (sign or self.key.sign)(signing_input.encode("ascii"))
        return f"{signing_input}.{encode_base64url(signature)}"


def _segment(default: dict[str, Any], change: dict[str, Any] | bytes | None) -> str:
    if isinstance(change, bytes):
        return encode_base64url(change)
    members = {**default, **(change or {})}
    kept = {name: value for name, value in members.items() if value is not OMIT}
    return encode_base64url(json.dumps(kept).encode("utf-8"))


class MemoryRefreshStore:
    """Grants in memory; satisfies `libs.auth.refresh.RefreshStore`."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.grants: dict[TokenDigest, RefreshGrant] = {}

    async def add(self, grant: RefreshGrant) -> None:
        """Keep the first grant of a family."""
        self.grants[grant.digest] = grant

    async def find(self, digest: TokenDigest) -> RefreshGrant | None:
        """Return the grant after giving way once, as a database would."""
        await asyncio.sleep(0)
        return self.grants.get(digest)

    async def replace(self, used: TokenDigest, successor: RefreshGrant) -> bool:
        """Compare and set, without giving way in between."""
        await asyncio.sleep(0)
        grant = self.grants[used]
        if grant.used_at is not None or grant.revoked_at is not None:
            return False
        self.grants[used] = replace(grant, used_at=successor.issued_at)
        self.grants[successor.digest] = successor
        return True

    async def revoke_family(self, family: FamilyId, *, at: datetime) -> None:
        """Mark every grant of the family as revoked."""
        self._revoke([grant for grant in self.grants.values() if grant.family == family], at)

    async def revoke_subject(self, subject: Subject, *, at: datetime) -> None:
        """Mark every grant of the subject as revoked."""
        self._revoke([grant for grant in self.grants.values() if grant.subject == subject], at)

    def _revoke(self, grants: list[RefreshGrant], at: datetime) -> None:
        for grant in grants:
            self.grants[grant.digest] = replace(grant, revoked_at=grant.revoked_at or at)


class TokenFactory:
    """Makes valid tokens: an issuer with a key, and the verifier that accepts its tokens."""

    def __init__(
        self,
        clock: FakeClock | None = None,
        *,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        store: MemoryKeys | None = None,
    ) -> None:
        """Sign with the keys of `store`, or with a fresh one."""
        self.clock = clock or FakeClock()
        self.audience = audience
        store = store or MemoryKeys([new_key()])
        self.keys = KeyRing(store, clock=self.clock, reread_every=0)
        self.issuer = TokenIssuer(keys=self.keys, issuer=issuer, clock=self.clock)
        self.verifier = Verifier(self.keys, issuer=issuer, audience=audience, clock=self.clock)

    def token(self, subject: str = "user-1", *, scopes: Iterable[str] = (), roles: Iterable[str] = ()) -> str:
        """Return a valid token with these scopes and roles."""
        return self.issuer.issue(
            subject=Subject(subject),
            audience=self.audience,
            client_id=ClientId("test-client"),
            scopes=map(Scope, scopes),
            roles=map(Role, roles),
        )

    def headers(
        self, subject: str = "user-1", *, scopes: Iterable[str] = (), roles: Iterable[str] = ()
    ) -> dict[str, str]:
        """Return the request headers that carry such a token."""
        return {"Authorization": f"Bearer {self.token(subject, scopes=scopes, roles=roles)}"}
