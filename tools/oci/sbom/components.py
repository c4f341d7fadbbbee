"""What an image is made of: Debian packages by the base lock, wheels by the metadata that they carry."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Component:
    """One package in an image, named by its purl (https://github.com/package-url/purl-spec)."""

    name: str
    version: str
    purl: str
    license: str = ""
    sha256: str = ""


def debian_components(lock: Path, architecture: str) -> list[Component]:
    """The packages that a base lock names for an architecture."""
    packages = json.loads(lock.read_text())["packages"][architecture]
    return [_debian(entry["name"], entry["version"], entry["path"], entry["sha256"]) for entry in packages]


def wheel_components(metadata: Iterable[Path]) -> list[Component]:
    """The distributions that own some METADATA files, by name."""
    return sorted((_wheel(path.read_text()) for path in metadata), key=lambda component: component.purl)


def pypi_name(name: str) -> str:
    """The normal form of a distribution's name (PyPA, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _debian(name: str, version: str, path: str, sha256: str) -> Component:
    # The pool's file name tells packages for one architecture from those for all.
    architecture = path.removesuffix(".deb").rpartition("_")[2]
    purl = f"pkg:deb/debian/{quote(name)}@{quote(version)}?arch={architecture}&distro=debian-12"
    return Component(name=name, version=version, purl=purl, sha256=sha256)


def _wheel(text: str) -> Component:
    fields = HeaderParser().parsestr(text)
    name, version = pypi_name(fields["Name"]), fields["Version"]
    return Component(
        name=name,
        version=version,
        purl=f"pkg:pypi/{name}@{quote(version)}",
        license=fields.get("License-Expression", ""),
    )
