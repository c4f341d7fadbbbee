"""The package index of a Debian archive: what a mirror offers, verified against its Release file."""

import hashlib
import lzma
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

ArchiveName = Literal["debian", "debian-security"]

_VARIABLES: dict[ArchiveName, str] = {"debian": "DEBIAN_MIRROR", "debian-security": "DEBIAN_SECURITY_MIRROR"}
_LABELS: dict[ArchiveName, str] = {"debian": "Debian", "debian-security": "Debian-Security"}
_TIMEOUT_SECONDS = 60


class DebianArchiveError(Exception):
    """A Debian archive cannot be read as it should."""


class NoMirrorError(DebianArchiveError):
    """No address of an archive is known on this machine."""

    def __init__(self, archive: ArchiveName) -> None:
        super().__init__(f"no mirror of the {archive} archive is known here: set {_VARIABLES[archive]}")
        self.archive = archive


class ChangedIndexError(DebianArchiveError):
    """An index is not the file its Release names."""

    def __init__(self, url: str, *, expected: str, found: str) -> None:
        super().__init__(f"{url}: expected sha256 {expected}, found {found}")
        self.url = url


@dataclass(frozen=True, kw_only=True)
class Package:
    """One version of one package, as the index describes it."""

    name: str
    version: str
    path: str
    sha256: str
    archive: ArchiveName
    depends: tuple[tuple[str, ...], ...]
    provides: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Release:
    """One suite of one archive at a moment."""

    archive: ArchiveName
    mirror: str
    suite: str
    made: datetime
    hashes: dict[str, str]


def read_release(archive: ArchiveName, suite: str) -> Release:
    """Read the Release file of a suite from this machine's mirror of an archive.

    Raises NoMirrorError where no address is known, DebianArchiveError where none answers.
    """
    for mirror in _addresses(archive):
        try:
            text = _fetch(f"{mirror}/dists/{suite}/Release").decode()
        except urllib.error.URLError:
            continue
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", text, re.MULTILINE))
        if fields.get("Origin") == "Debian" and fields.get("Label") == _LABELS[archive]:
            hashes = dict(re.findall(r"^ ([0-9a-f]{64}) +\d+ (\S+)$", text, re.MULTILINE))
            made = parsedate_to_datetime(fields["Date"].replace("UTC", "+0000")).astimezone(UTC)
            return Release(
                archive=archive, mirror=mirror, suite=suite, made=made, hashes={v: k for k, v in hashes.items()}
            )
    raise NoMirrorError(archive)


def read_packages(release: Release, architecture: str) -> list[Package]:
    """Read the index of an architecture.

    Raises ChangedIndexError when its hash is not the one the Release states.
    """
    name = f"main/binary-{architecture}/Packages.xz"
    url = f"{release.mirror}/dists/{release.suite}/{name}"
    content = _fetch(url)
    found = hashlib.sha256(content).hexdigest()
    if found != release.hashes[name]:
        raise ChangedIndexError(url, expected=release.hashes[name], found=found)
    return list(parse_packages(lzma.decompress(content).decode(), release.archive))


def parse_packages(text: str, archive: ArchiveName) -> Iterator[Package]:
    """Read the stanzas of a Packages file."""
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", stanza, re.MULTILINE))
        if "Filename" in fields:
            wants = [fields[key] for key in ("Pre-Depends", "Depends") if key in fields]
            yield Package(
                name=fields["Package"],
                version=fields["Version"],
                path=fields["Filename"],
                sha256=fields["SHA256"],
                archive=archive,
                depends=tuple(_alternatives(clause) for want in wants for clause in want.split(",")),
                provides=_alternatives(fields.get("Provides", "").replace(",", "|")),
            )


def _alternatives(clause: str) -> tuple[str, ...]:
    """`a (>= 1) | b:any` -> (a, b)."""
    return tuple(re.findall(r"(?:^|\|)\s*([a-z0-9][a-z0-9+.-]*)", clause))


def _addresses(archive: ArchiveName) -> list[str]:
    """The address that the environment names, the security archive's usual place beside it, or all of apt's."""
    named = os.environ.get(_VARIABLES[archive], "").rstrip("/")
    beside = os.environ.get("DEBIAN_MIRROR", "").rstrip("/")
    if archive == "debian-security" and beside and not named:
        named = f"{beside}-security"
    return [named] if named else _apt_addresses()


def _apt_addresses() -> list[str]:
    """Every address that apt of this machine reads, in its order."""
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    texts = [file.read_text() for file in files if file.suffix in {".list", ".sources"} and file.is_file()]
    found = [re.findall(r"^(?:deb |URIs:).*?(https?://[^\s\]]+)", text, re.MULTILINE) for text in texts]
    return list(dict.fromkeys(address.rstrip("/") for addresses in found for address in addresses))


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the scheme is apt's
        return bytes(answer.read())
