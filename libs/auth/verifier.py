"""Verifying access tokens: signature, type, issuer, audience, time (RFC 9068 section 4)."""

from datetime import datetime, timedelta

from libs.auth.claims import Claims
from libs.auth.errors import InvalidToken
from libs.auth.jws import parse_compact
from libs.auth.keys import KeySource
from libs.auth.tokens import LIFETIME
from libs.clock.clock import Clock

LEEWAY = timedelta(seconds=30)
"""How far the clocks of two machines may be apart."""

_CACHE_SIZE = 4096


class Verifier:
    """Turns tokens into claims for one issuer and one audience."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        leeway: timedelta = LEEWAY,
        max_lifetime: timedelta = LIFETIME,
    ) -> None:
        """`max_lifetime` is the longest `exp - iat` that is accepted."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._leeway = leeway
        self._max_lifetime = max_lifetime
        self._cache = _VerifiedTokens(_CACHE_SIZE)

    async def verify(self, token: str) -> Claims:
        """Return the claims of `token`.

        `InvalidToken` if any check fails, `KeyUnavailable` if none could be made.
        """
        now = self._clock.now()
        generation = self._keys.generation()
        claims = self._cache.find(token, now=now, generation=generation)
        if claims is None:
            claims = await self._verify_anew(token)
            self._cache.keep(token, claims, generation=generation)
        return claims

    async def _verify_anew(self, token: str) -> Claims:
        parsed = parse_compact(token)
        key = await self._keys.find(parsed.key_id)
        if key is None:
            raise InvalidToken("kid is unknown")
        # RFC 8725 section 3.1: the key determines the algorithm; the token has to name the same one.
        if parsed.algorithm != key.algorithm:
            raise InvalidToken("alg is not the key's")
        if not key.verifies(parsed.signing_input, parsed.signature):
            raise InvalidToken("signature does not match")
        # Only now: nothing in a payload is read before its signature has been verified.
        claims = Claims.from_payload(parsed.claims())
        self._check(claims, self._clock.now())
        return claims

    def _check(self, claims: Claims, now: datetime) -> None:
        """Compare the claims with the expected issuer, audience and time (RFC 8725 sections 3.8 and 3.9)."""
        if claims.issuer != self._issuer:
            raise InvalidToken("iss is another issuer")
        if claims.audience != self._audience:
            raise InvalidToken("aud is another service")
        if claims.expires_at <= now - self._leeway:
            raise InvalidToken("expired")
        if claims.issued_at > now + self._leeway:
            raise InvalidToken("issued in the future")
        if claims.not_before is not None and claims.not_before > now + self._leeway:
            raise InvalidToken("not valid yet")
        if not timedelta(0) < claims.expires_at - claims.issued_at <= self._max_lifetime:
            raise InvalidToken("lifetime is not within the allowed one")


class _VerifiedTokens:
    """A bounded cache of claims by the whole token, valid until `exp` and emptied when the set of keys changes.

    Only tokens that were verified get in, so a flood of random ones evicts nothing. The leeway is
    not granted here: in the half minute after `exp` every use verifies the token again.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._claims: dict[str, Claims] = {}
        self._generation = 0

    def find(self, token: str, *, now: datetime, generation: int) -> Claims | None:
        if generation != self._generation:
            self._claims.clear()
            self._generation = generation
        # Look up by the whole text: a part of it, such as `jti`, could be copied into another token.
        claims = self._claims.get(token)
        if claims is None or now < claims.expires_at:
            return claims
        del self._claims[token]
        return None

    def keep(self, token: str, claims: Claims, *, generation: int) -> None:
        """Keep claims that were verified with the keys of `generation`, unless the keys have changed since."""
        if generation != self._generation:
            return
        # A dict keeps its order, so the first entry is the oldest; moving entries at each use costs more than it saves.
        if len(self._claims) >= self._size:
            del self._claims[next(iter(self._claims))]
        self._claims[token] = claims
