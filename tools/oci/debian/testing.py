"""A signed archive for tests: an OpenPGP key (RFC 4880 with Ed25519) and clear-signed files by it."""

import base64
import hashlib
import lzma
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_MADE = 1_767_225_600  # 2026-01-01
_EDDSA, _SHA256 = 22, 8
_ED25519 = bytes.fromhex("092b06010401da470f01")
_USER = b"Test archive <archive@example.org>"


class SigningKey:
    """A key pair that signs Release files."""

    def __init__(self) -> None:
        """Make a new key pair."""
        self._private = Ed25519PrivateKey.generate()
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._body = b"\x04" + struct.pack(">IB", _MADE, _EDDSA) + _ED25519 + _integer(b"\x40" + public)
        self._hashed = b"\x99" + struct.pack(">H", len(self._body)) + self._body
        self._fingerprint = hashlib.sha1(self._hashed).digest()  # noqa: S324 - RFC 4880, section 12.2

    def write_keyring(self, path: Path) -> Path:
        """Write the public key with its certificate, as gpgv reads it."""
        certified = self._hashed + b"\xb4" + struct.pack(">I", len(_USER)) + _USER
        certificate = self._signature(0x13, certified)
        path.write_bytes(_packet(6, self._body) + _packet(13, _USER) + _packet(2, certificate))
        return path

    def sign(self, text: str) -> str:
        """Return the clear-signed form of a text (RFC 4880, section 7)."""
        content = text.strip("\n")
        signature = self._signature(0x01, content.replace("\n", "\r\n").encode())
        armour = base64.encodebytes(_packet(2, signature)).decode()
        return (
            f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{content}\n"
            f"-----BEGIN PGP SIGNATURE-----\n\n{armour}-----END PGP SIGNATURE-----\n"
        )

    def _signature(self, kind: int, content: bytes) -> bytes:
        subpackets = _subpacket(2, struct.pack(">I", _MADE)) + _subpacket(33, b"\x04" + self._fingerprint)
        if kind == 0x13:
            subpackets += _subpacket(27, b"\x03")
        head = struct.pack(">BBBBH", 4, kind, _EDDSA, _SHA256, len(subpackets)) + subpackets
        digest = hashlib.sha256(content + head + b"\x04\xff" + struct.pack(">I", len(head))).digest()
        signed = self._private.sign(digest)
        issuer = _subpacket(16, self._fingerprint[-8:])
        numbers = _integer(signed[:32]) + _integer(signed[32:])
        return head + struct.pack(">H", len(issuer)) + issuer + digest[:2] + numbers


@dataclass(kw_only=True)
class Suite:
    """One suite of an archive with packages for amd64; `publish` writes it as Debian lays it out."""

    folder: Path
    label: str
    codename: str
    packages: str
    key: SigningKey
    made: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=1))
    valid_for: timedelta | None = None

    @property
    def place(self) -> Path:
        """The folder of the suite's indexes."""
        return self.folder / "dists" / self.codename

    def publish(self) -> None:
        """Write `Packages.xz` and the signed `InRelease`."""
        content = lzma.compress(self.packages.encode())
        binary = self.place / "main/binary-amd64"
        binary.mkdir(parents=True, exist_ok=True)
        (binary / "Packages.xz").write_bytes(content)
        until = f"Valid-Until: {_date(self.made + self.valid_for)}\n" if self.valid_for else ""
        text = (
            f"Origin: Debian\nLabel: {self.label}\nCodename: {self.codename}\n"
            f"Date: {_date(self.made)}\n{until}SHA256:\n"
            f" {hashlib.sha256(content).hexdigest()} {len(content)} main/binary-amd64/Packages.xz\n"
        )
        (self.place / "InRelease").write_text(self.key.sign(text))


def _date(moment: datetime) -> str:
    return format_datetime(moment).replace("+0000", "UTC")


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0x80 | tag << 2 | 1]) + struct.pack(">H", len(body)) + body


def _subpacket(kind: int, body: bytes) -> bytes:
    return bytes([len(body) + 1, kind]) + body


def _integer(number: bytes) -> bytes:
    stripped = number.lstrip(b"\0")
    return struct.pack(">H", int.from_bytes(stripped, "big").bit_length()) + stripped
