"""The package index of a Debian archive, read only after its signature and hashes are verified."""

import hashlib
import lzma
import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from tools.oci.debian import mirrors
from tools.oci.debian.errors import DebianArchiveError
from tools.oci.debian.mirrors import ArchiveName
from tools.oci.debian.signatures import verified

_LABELS: dict[ArchiveName, str] = {"debian": "Debian", "debian-security": "Debian-Security"}
_TIMEOUT_SECONDS = 60


class NoMirrorError(DebianArchiveError):
    """None of this machine's addresses has the archive."""

    def __init__(self, archive: ArchiveName) -> None:
        variable = mirrors.VARIABLES[archive]
        super().__init__(f"no address has the {archive} archive: set {variable} to a mirror of it")
        self.archive = archive


class ChangedIndexError(DebianArchiveError):
    """An index is not the file that its Release names."""

    def __init__(self, url: str, *, expected: str, found: str) -> None:
        super().__init__(f"{url}: expected {expected}, found {found}; the mirror is changing, or the file was altered")
        self.url = url


class ExpiredIndexError(DebianArchiveError):
    """A signed Release has expired: the mirror is outdated, or an old file is replayed."""

    def __init__(self, url: str, *, until: datetime) -> None:
        super().__init__(f"{url} was valid until {until:%Y-%m-%d %H:%M} UTC; --allow-expired reads it anyway")
        self.url = url


class WrongSuiteError(DebianArchiveError):
    """A signed Release is of another suite than the requested one."""

    def __init__(self, url: str, *, suite: str, found: str) -> None:
        super().__init__(f"{url} is the Release of {found}, not of {suite}")
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
class IndexFile:
    """Hash and size of an index, as a Release states them."""

    sha256: str
    size: int

    def __str__(self) -> str:
        return f"sha256 {self.sha256} ({self.size} bytes)"

    @classmethod
    def of(cls, content: bytes) -> "IndexFile":
        """Return what a Release would state of some content."""
        return cls(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


@dataclass(frozen=True, kw_only=True)
class Release:
    """One suite of one archive at a moment, as signed."""

    archive: ArchiveName
    mirror: str
    suite: str
    made: datetime
    files: dict[str, IndexFile]


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The trusted keyrings, and whether an expired Release is accepted with a warning."""

    keyrings: Sequence[Path]
    allow_expired: bool = False
    warn: Callable[[str], None] = field(default=print)


def read_release(archive: ArchiveName, suite: str, *, trust: Trust, environ: Mapping[str, str]) -> Release:
    """Read and verify the InRelease file of a suite from the first address that has the archive.

    Raises:
        NoMirrorError: no address has it.
        SignatureError: no trusted key has signed it.
        ExpiredIndexError: it is past its Valid-Until.
        WrongSuiteError: it is of another suite.
    """
    for mirror in mirrors.addresses(archive, environ):
        url = f"{mirror}/dists/{suite}/InRelease"
        try:
            content = _fetch(url)
        except OSError:
            continue
        # apt's addresses may serve other archives with other keys. They are skipped before the signature is checked.
        if _is_of(archive, _fields(content.decode(errors="replace"))):
            text = verified(content, url=url, keyrings=trust.keyrings)
            return _release(text, archive=archive, mirror=mirror, suite=suite, trust=trust)
    raise NoMirrorError(archive)


def _release(text: str, *, archive: ArchiveName, mirror: str, suite: str, trust: Trust) -> Release:
    """Read the text of a verified Release."""
    url, fields = f"{mirror}/dists/{suite}/InRelease", _fields(text)
    if not _is_of(archive, fields) or suite not in {fields.get("Codename"), fields.get("Suite")}:
        raise WrongSuiteError(url, suite=suite, found=f"{fields.get('Label')} {fields.get('Codename')}")
    if "Valid-Until" in fields and (until := _moment(fields["Valid-Until"])) < datetime.now(UTC):
        expired = ExpiredIndexError(url, until=until)
        if not trust.allow_expired:
            raise expired
        trust.warn(f"warning: {expired}")
    hashes = re.findall(r"^ ([0-9a-f]{64}) +(\d+) (\S+)$", text, re.MULTILINE)
    return Release(
        archive=archive,
        mirror=mirror,
        suite=suite,
        made=_moment(fields["Date"]),
        files={name: IndexFile(sha256=sha256, size=int(size)) for sha256, size, name in hashes},
    )


def _fields(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z-]+): (.*)$", text, re.MULTILINE))


def _is_of(archive: ArchiveName, fields: Mapping[str, str]) -> bool:
    return fields.get("Origin") == "Debian" and fields.get("Label") == _LABELS[archive]


def _moment(date: str) -> datetime:
    return parsedate_to_datetime(date.replace("UTC", "+0000")).astimezone(UTC)


def read_packages(release: Release, architecture: str) -> list[Package]:
    """Read the index of an architecture.

    Raises:
        ChangedIndexError: it has another hash or size than the Release states.
    """
    name = f"main/binary-{architecture}/Packages.xz"
    url = f"{release.mirror}/dists/{release.suite}/{name}"
    if name not in release.files:
        raise ChangedIndexError(url, expected="an entry in the Release", found="none")
    try:
        content = _fetch(url)
    except OSError as error:
        raise DebianArchiveError(f"{url}: {error}") from None
    found = IndexFile.of(content)
    if found != release.files[name]:
        raise ChangedIndexError(url, expected=str(release.files[name]), found=str(found))
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


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the scheme is apt's
        return bytes(answer.read())
