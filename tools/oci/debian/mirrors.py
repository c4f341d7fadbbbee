"""The addresses of Debian's archives for this machine; only that of the public snapshot archive is built in."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

ArchiveName = Literal["debian", "debian-security"]

VARIABLES: dict[ArchiveName, str] = {"debian": "DEBIAN_MIRROR", "debian-security": "DEBIAN_SECURITY_MIRROR"}
SNAPSHOT_VARIABLE = "DEBIAN_SNAPSHOT_ARCHIVE"

_SNAPSHOT_ARCHIVE = "https://snapshot.debian.org/archive"
_BAZEL_RC = Path("/etc/bazel/bazelrc")


def environment() -> dict[str, str]:
    """Return the environment; inside the sealed root, add the variables that bazelw passes to repository rules.

    The machine's apt sources are not visible in the sealed root; bazelw reads them outside and sets `--repo_env`.
    """
    found = dict(os.environ)
    if "BAZELW_INSIDE" in found and _BAZEL_RC.is_file():
        passed = re.findall(r"^common --repo_env=(\w+)=(\S+)$", _BAZEL_RC.read_text(), re.MULTILINE)
        found |= {name: value for name, value in passed if name not in found}
    return found


def addresses(
    archive: ArchiveName, environ: Mapping[str, str], *, moment: str = "", apt: Path = Path("/etc/apt")
) -> list[str]:
    """Return the addresses to try for an archive, best first; the snapshot archive at a moment (default: now) is last.

    `DEBIAN_MIRROR` and `DEBIAN_SECURITY_MIRROR` take precedence; without the latter, the security archive is expected
    beside `DEBIAN_MIRROR`. Without either, all of apt's addresses are candidates, because their archive is not known.
    """
    named = environ.get(VARIABLES[archive], "").rstrip("/")
    beside = environ.get("DEBIAN_MIRROR", "").rstrip("/")
    if archive == "debian-security" and beside and not named:
        named = f"{beside}-security"
    return [*([named] if named else apt_addresses(apt)), snapshot(archive, environ, moment=moment)]


def snapshot(archive: ArchiveName, environ: Mapping[str, str], *, moment: str = "") -> str:
    """Return the snapshot archive's address at a moment (`20261128T000000Z`), by default now."""
    base = environ.get(SNAPSHOT_VARIABLE, "").rstrip("/") or _SNAPSHOT_ARCHIVE
    return f"{base}/{archive}/{moment or datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}"


def apt_addresses(folder: Path) -> list[str]:
    """Return all addresses in the sources of this machine's apt, in apt's order."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    texts = [file.read_text() for file in files if file.suffix in {".list", ".sources"} and file.is_file()]
    found = [re.findall(r"^(?:deb |URIs:).*?(https?://[^\s\]]+)", text, re.MULTILINE) for text in texts]
    return list(dict.fromkeys(address.rstrip("/") for addresses in found for address in addresses))
