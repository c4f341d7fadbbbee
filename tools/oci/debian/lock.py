"""The lock: packages with versions and hashes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tools.oci.debian.errors import DebianArchiveError
from tools.oci.debian.index import Package
from tools.oci.debian.versions import sort_key


class UnknownPackageError(Exception):
    """A required package, or one of its dependencies, is not in the index."""

    def __init__(self, name: str, *, wanted_by: str) -> None:
        super().__init__(f"package {name}, required by {wanted_by}, is in no index that was read")
        self.name = name


class BaseMissingError(DebianArchiveError):
    """The folder that a `packages.json` names as its base has no lock."""

    def __init__(self, lock: Path) -> None:
        super().__init__(
            f"{lock}, the lock of the `base` in packages.json, is not there: name the folder of a base's lock"
        )
        self.lock = lock


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A `packages.json`: the required packages, and the dependencies to omit, each with the reason.

    `base` is the folder of the base's lock, from the workspace root; packages in that lock are omitted.
    """

    suite: str
    architectures: tuple[str, ...]
    packages: tuple[str, ...]
    left_out: Mapping[str, str]
    base: str | None = None

    @classmethod
    def read(cls, path: Path, *, root: Path) -> "Wanted":
        """Read a `packages.json` of a workspace; packages of its base are omitted.

        Raises BaseMissingError.
        """
        fields = json.loads(path.read_text())
        base = fields.get("base")
        there = _locked_names(root / base / "lock.json") if base else set()
        return cls(
            suite=fields["suite"],
            architectures=tuple(fields["architectures"]),
            packages=tuple(fields["packages"]),
            left_out=fields["left_out"] | dict.fromkeys(there, "the base has it"),
            base=base,
        )


def _locked_names(lock: Path) -> set[str]:
    """Return the packages that a lock has for every architecture."""
    if not lock.is_file():
        raise BaseMissingError(lock)
    parts = json.loads(lock.read_text())["packages"].values()
    return set.intersection(*({entry["name"] for entry in part} for part in parts))


def newest_packages(packages: Iterable[Package]) -> dict[str, Package]:
    """Return the newest version of each name; a virtual package is represented by its provider."""
    best: dict[str, Package] = {}
    provided: dict[str, Package] = {}
    for package in sorted(packages, key=lambda package: sort_key(package.version)):
        best[package.name] = package
        provided.update(dict.fromkeys(package.provides, package))
    return provided | best


def resolve(wanted: Wanted, index: Mapping[str, Package]) -> list[Package]:
    """Follow dependencies from the required packages, first alternative first; ordered by name.

    Raises UnknownPackageError for a name that the index has not.
    """
    chosen: dict[str, Package] = {}
    waiting: list[tuple[tuple[str, ...], str]] = [((name,), "packages.json") for name in wanted.packages]
    while waiting:
        alternatives, wanted_by = waiting.pop()
        if any(name in wanted.left_out for name in alternatives):
            continue
        package = next((index[name] for name in alternatives if name in index), None)
        if package is None:
            raise UnknownPackageError(alternatives[0], wanted_by=wanted_by)
        if package.name not in chosen:
            chosen[package.name] = package
            waiting.extend((clause, package.name) for clause in package.depends)
    return [chosen[name] for name in sorted(chosen)]


# The snapshot archive takes a state some hours after its Release is dated, and an archive keeps a superseded file for
# more than a day: a day later, the snapshot has the files of a Release.
_IMPORT_DELAY = timedelta(days=1)

Fallbacks = Mapping[str, Package]
"""Packages of the main archive by name."""


def render(
    chosen: Mapping[str, list[Package]], *, fallbacks: Mapping[str, Fallbacks], made: datetime, base: str | None = None
) -> str:
    """Return the text of a lock: architecture -> packages, and the moment at which the snapshot archive has them all.

    A package of the security archive, which deletes superseded files, names the main archive's version as its fallback.
    """
    lock = ({"base": base} if base else {}) | {
        "snapshot": (made + _IMPORT_DELAY).strftime("%Y%m%dT%H%M%SZ"),
        "packages": {
            arch: [_entry(package, fallbacks.get(arch, {})) for package in packages]
            for arch, packages in chosen.items()
        },
    }
    return json.dumps(lock, indent=2) + "\n"


def _entry(package: Package, fallbacks: Fallbacks) -> dict[str, object]:
    entry: dict[str, object] = {"name": package.name, **_file(package)}
    if package.archive == "debian":
        return entry
    entry["archive"] = package.archive
    fallback = fallbacks.get(package.name)
    return entry | {"fallback": _file(fallback)} if fallback and fallback.name == package.name else entry


def _file(package: Package) -> dict[str, str]:
    return {"version": package.version, "path": package.path, "sha256": package.sha256}
