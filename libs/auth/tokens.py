"""Issuing access tokens: signed JWTs of RFC 9068."""

import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from libs.auth.claims import Claims, ClientId, Role, Scope, Subject, TokenId
from libs.auth.keys import OVERLAP, KeyRing
from libs.auth.signatures import SigningKey
from libs.auth.strict_json import encode_base64url
from libs.clock.clock import Clock

LIFETIME = timedelta(minutes=10)
"""Lifetime of an access token. A token cannot be revoked before it expires, so the lifetime is short."""


class TokenIssuer:
    """Signs access tokens for one issuer with the current key."""

    def __init__(self, *, keys: KeyRing, issuer: str, clock: Clock, lifetime: timedelta = LIFETIME) -> None:
        """`issuer` becomes `iss`, the base of the URL of the server's metadata (RFC 8414).

        Raise `ValueError` if the lifetime is not positive, or so long that keys would retire before their tokens.
        """
        if not timedelta(0) < lifetime <= OVERLAP / 2:
            raise ValueError(f"a lifetime of {lifetime} is not between 0 and {OVERLAP / 2}")
        self._keys = keys
        self._issuer = issuer
        self._clock = clock
        self.lifetime = lifetime

    def issue(
        self,
        *,
        subject: Subject,
        audience: str,
        client_id: ClientId,
        scopes: Iterable[Scope] = (),
        roles: Iterable[Role] = (),
        issued_at: datetime | None = None,
    ) -> str:
        """Return a token for `subject` that is valid for `lifetime` from `issued_at`, by default now."""
        # The times in a token are whole seconds, so the claims are made of the rounded time.
        issued_at = (issued_at or self._clock.now()).replace(microsecond=0)
        claims = Claims(
            subject=subject,
            issuer=self._issuer,
            audience=audience,
            client_id=client_id,
            scopes=frozenset(scopes),
            roles=frozenset(roles),
            token_id=TokenId(secrets.token_urlsafe(16)),
            issued_at=issued_at,
            expires_at=issued_at + self.lifetime,
        )
        return sign_compact(claims.to_payload(), self._keys.signing_key())


def sign_compact(payload: dict[str, Any], key: SigningKey) -> str:
    """Return `payload` as a compact JWS of type `at+jwt` under `key`."""
    header = {"alg": key.public.algorithm.value, "kid": key.key_id, "typ": "at+jwt"}
    signing_input = f"{_segment(header)}.{_segment(payload)}"
    return f"{signing_input}.{encode_base64url(key.sign(signing_input.encode('ascii')))}"


def _segment(members: dict[str, Any]) -> str:
    return encode_base64url(json.dumps(members, separators=(",", ":")).encode("utf-8"))
