"""The components of an image: Debian packages from the locks, and wheels from their metadata."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import HeaderParser
from itertools import product
from pathlib import Path
from urllib.parse import quote

_LOCKED_FILE = re.compile(r"# sha256:(?P<sha256>[0-9a-f]{64}) (?P<stem>\S+)\.whl$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Component:
    """One package in an image, named by its purl (https://github.com/package-url/purl-spec)."""

    name: str
    version: str
    purl: str
    license: str = ""
    sha256: str = ""


def debian_components(locks: Iterable[Path], architecture: str, *, status: Path) -> list[Component]:
    """Return the packages of several locks for an architecture, without duplicates.

    Packages that are outdated according to the status have the version of their fallback.
    """
    entries = [entry for lock in locks for entry in json.loads(lock.read_text())["packages"][architecture]]
    packages = {entry["name"]: entry for entry in entries}.values()
    outdated = json.loads(status.read_text())["outdated"]
    replaced = {entry["package"] for entry in outdated if entry["architecture"] == architecture}
    used = [entry | entry["fallback"] if entry["name"] in replaced else entry for entry in packages]
    return [_debian(entry["name"], entry["version"], entry["path"], entry["sha256"]) for entry in used]


def wheel_components(metadata: Iterable[Path], *, hashes: Iterable[Path]) -> list[Component]:
    """Return the distributions of the METADATA files, by name, with the hashes of their wheels from `hashes`."""
    locked = _locked_wheels("".join(file.read_text() for file in hashes))
    return sorted((_wheel(path, locked) for path in metadata), key=lambda component: component.purl)


def pypi_name(name: str) -> str:
    """Return the normalized name of a distribution (PyPA, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _debian(name: str, version: str, path: str, sha256: str) -> Component:
    # The file name in the pool shows whether a package is for one architecture or for all.
    architecture = path.removesuffix(".deb").rpartition("_")[2]
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}&distro=debian-12"
    return Component(name=name, version=version, purl=purl, sha256=sha256)


def _wheel(metadata: Path, locked: Mapping[frozenset[str], str]) -> Component:
    fields = HeaderParser().parsestr(metadata.read_text())
    name, version = pypi_name(fields["Name"]), fields["Version"]
    return Component(
        name=name,
        version=version,
        purl=f"pkg:pypi/{name}@{quote(version)}",
        license=fields.get("License-Expression", ""),
        sha256=locked.get(frozenset(f"{name} {version} {tag}" for tag in _tags(metadata.with_name("WHEEL"))), ""),
    )


def _tags(wheel: Path) -> list[str]:
    """Return the tags in the distribution's WHEEL file, or none if an installer omitted that file."""
    if not wheel.exists():
        return []
    tags: list[str] = HeaderParser().parsestr(wheel.read_text()).get_all("Tag", [])
    return tags


def _locked_wheels(lock: str) -> dict[frozenset[str], str]:
    """Return the hashes of wheels by name, version and each tag in the file's name.

    A wheel whose metadata differs from its file name is not found: a missing hash is better than a wrong one.
    """
    return {_identity(*match["stem"].split("-")): match["sha256"] for match in _LOCKED_FILE.finditer(lock)}


def _identity(name: str, version: str, *rest: str) -> frozenset[str]:
    """Expand `a-1-py2.py3-none-any` to `a 1 py2-none-any` and `a 1 py3-none-any` (PEP 425)."""
    tags = product(*(part.split(".") for part in rest[-3:]))
    return frozenset(f"{pypi_name(name)} {version} {'-'.join(tag)}" for tag in tags)
