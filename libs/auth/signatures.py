"""Public keys that verify signatures and private keys that make them, each for one algorithm.

A key is bound to its algorithm when it is made (RFC 8725 section 3.1), so a token's `alg` can only
match or be refused. joserfc does the cryptography; key material that it accepts with a warning is
refused here.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType, TypeAlias

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from libs.auth.strict_json import decode_base64url

KeyId = NewType("KeyId", str)
"""The `kid` of a key."""

Jwk: TypeAlias = OKPKey | ECKey | RSAKey

_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_RSA_BITS = range(2048, 8192 + 1)
_RSA_MIN_EXPONENT = 65537


class Algorithm(StrEnum):
    """The algorithms that this library uses and accepts (RFC 8037, RFC 7518), all asymmetric."""

    EDDSA = "EdDSA"
    ES256 = "ES256"
    RS256 = "RS256"


_KINDS: dict[Algorithm, tuple[type[OKPKey] | type[ECKey] | type[RSAKey], tuple[str, ...]]] = {
    Algorithm.EDDSA: (OKPKey, ("kty", "crv", "x")),
    Algorithm.ES256: (ECKey, ("kty", "crv", "x", "y")),
    Algorithm.RS256: (RSAKey, ("kty", "n", "e")),
}


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key under its name."""

    key_id: KeyId
    algorithm: Algorithm
    _jwk: Jwk = field(repr=False)

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is this key's over `signing_input`."""
        # Not `JWSRegistry.get_alg`: it warns about the name EdDSA, which RFC 9864 deprecates but all clients use.
        return JWSRegistry.algorithms[self.algorithm].verify(signing_input, signature, self._jwk)

    def to_jwk(self) -> dict[str, str]:
        """Return the key as a JWK (RFC 7517) with members that are public by definition only."""
        _, members = _KINDS[self.algorithm]
        public = {name: str(self._jwk.dict_value[name]) for name in members}
        return {**public, "kid": self.key_id, "alg": self.algorithm.value, "use": "sig"}

    @classmethod
    def from_jwk(cls, jwk: dict[str, Any]) -> "VerificationKey | None":
        """Return the key in `jwk`, or None when it is not one that we verify with.

        None and not an error: RFC 7517 section 5 has a reader pass over keys that it does not
        understand. Symmetric keys, keys for encryption, weak keys, and keys published together with
        their private part are all passed over.
        """
        algorithm = _algorithm_of(jwk)
        key_id = jwk.get("kid")
        if algorithm is None or not is_key_id(key_id) or "d" in jwk or jwk.get("use", "sig") != "sig":
            return None
        kind, members = _KINDS[algorithm]
        if not all(isinstance(jwk.get(name), str) for name in members):
            return None
        try:
            # Check before the import, because joserfc warns about keys that are refused here.
            if algorithm is Algorithm.RS256 and _rsa_weakness(_integer(jwk["n"]).bit_length(), _integer(jwk["e"])):
                return None
            key = kind.import_key({name: jwk[name] for name in members})
        except (JoseError, ValueError):
            return None
        return cls(KeyId(str(key_id)), algorithm, key)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key under its name, and the time from which it signs."""

    public: VerificationKey
    activates_at: datetime
    _jwk: Jwk = field(repr=False)

    @property
    def key_id(self) -> KeyId:
        """The `kid` of both halves."""
        return self.public.key_id

    def sign(self, signing_input: bytes) -> bytes:
        """Return the signature over `signing_input`."""
        return JWSRegistry.algorithms[self.public.algorithm].sign(signing_input, self._jwk)

    @classmethod
    def from_pem(cls, pem: bytes, *, key_id: KeyId, activates_at: datetime) -> "SigningKey":
        """Read an unencrypted PKCS #8 private key.

        `ValueError` with the reason for one that must not be used.
        """
        if b"-----BEGIN PRIVATE KEY-----" not in pem:
            raise ValueError("not an unencrypted PKCS #8 private key in PEM")
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise ValueError("not a private key that can be read") from error
        algorithm = _algorithm_for(private)
        weakness = _weakness(private.public_key())
        if algorithm is None or weakness is not None:
            raise ValueError(weakness or "neither an Ed25519, nor a P-256, nor an RSA key")
        kind, members = _KINDS[algorithm]
        jwk = kind.import_key(pem)
        # Built from the public members only, so that a later mistake cannot publish the private ones.
        public = kind.import_key({name: jwk.dict_value[name] for name in members})
        return cls(VerificationKey(key_id, algorithm, public), activates_at, jwk)


def is_key_id(value: object) -> bool:
    """Tell whether `value` can name a key: 1 to 64 letters, digits, dots, dashes, underscores."""
    return isinstance(value, str) and _KEY_ID.fullmatch(value) is not None


def generate_private_pem(algorithm: Algorithm) -> bytes:
    """Return a new private key, PKCS #8 in PEM."""
    private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if algorithm is Algorithm.EDDSA:
        private = ed25519.Ed25519PrivateKey.generate()
    elif algorithm is Algorithm.ES256:
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = rsa.generate_private_key(public_exponent=_RSA_MIN_EXPONENT, key_size=3072)
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _algorithm_for(private: object) -> Algorithm | None:
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return Algorithm.EDDSA
    if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP256R1):
        return Algorithm.ES256
    if isinstance(private, rsa.RSAPrivateKey):
        return Algorithm.RS256
    return None


def _algorithm_of(jwk: dict[str, Any]) -> Algorithm | None:
    """Derive the algorithm from the key itself, then compare it with a stated `alg`."""
    by_type = {
        ("OKP", "Ed25519"): Algorithm.EDDSA,
        ("EC", "P-256"): Algorithm.ES256,
        ("RSA", None): Algorithm.RS256,
    }
    kind, curve = jwk.get("kty"), jwk.get("crv")
    if not isinstance(kind, str) or not isinstance(curve, str | None):
        return None
    algorithm = by_type.get((kind, curve))
    return algorithm if jwk.get("alg", algorithm) == algorithm else None


def _weakness(public: object) -> str | None:
    if not isinstance(public, rsa.RSAPublicKey):
        return None
    return _rsa_weakness(public.key_size, public.public_numbers().e)


def _rsa_weakness(bits: int, exponent: int) -> str | None:
    if bits not in _RSA_BITS:
        return f"an RSA key of {bits} bits, expected 2048 to 8192 (NIST SP 800-131A)"
    if exponent < _RSA_MIN_EXPONENT:
        return "an RSA key with a public exponent under 65537 (FIPS 186-5)"
    return None


def _integer(text: str) -> int:
    return int.from_bytes(decode_base64url(text), "big")
