"""Signatures by key: ECDSA on P-256 with SHA-256, which is what cosign makes with a key of its own."""

import base64
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key


class UnusableKeyError(Exception):
    """A file is not a key that can be used here."""

    def __init__(self, path: Path, wanted: str, reason: str) -> None:
        super().__init__(f"{path} is no {wanted} on P-256 in PEM: {reason}")
        self.path = path


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Whoever has the private key."""

    key: EllipticCurvePrivateKey

    @classmethod
    def read(cls, path: Path, *, password: str | None = None) -> "Signer":
        """Read a private key in PKCS #8; raises UnusableKeyError."""
        try:
            key = load_pem_private_key(path.read_bytes(), password.encode() if password else None)
        except (OSError, ValueError, TypeError) as error:
            raise UnusableKeyError(path, "private key", str(error)) from error
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise UnusableKeyError(path, "private key", "it is of another kind")
        return cls(key=key)

    def sign(self, content: bytes) -> str:
        """Return a signature of some content, in base64."""
        return base64.b64encode(self.key.sign(content, ECDSA(SHA256()))).decode()


@dataclass(frozen=True, kw_only=True)
class Checker:
    """Whoever has the public key."""

    key: EllipticCurvePublicKey

    @classmethod
    def read(cls, path: Path) -> "Checker":
        """Read a public key; raises UnusableKeyError."""
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise UnusableKeyError(path, "public key", str(error)) from error
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise UnusableKeyError(path, "public key", "it is of another kind")
        return cls(key=key)

    def accepts(self, signature: str, content: bytes) -> bool:
        """Whether the signature is of this content and by this key."""
        try:
            self.key.verify(base64.b64decode(signature), content, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True
