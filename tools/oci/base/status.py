"""The status of an image's Debian packages: the locked versions, or older ones if a locked file was unavailable.

The `status` of a lock is one JSON file for all architectures; commands that publish images check it.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, order=True)
class OutdatedPackage:
    """A package in an older version than the locked one; `update` is the target that updates its lock."""

    architecture: str
    package: str
    wanted: str
    used: str
    update: str

    def __str__(self) -> str:
        return f"{self.package} {self.used} instead of {self.wanted} for {self.architecture}"


class OutdatedBaseError(Exception):
    """The base image has older packages than its lock names, and must not be published."""

    def __init__(self, packages: Iterable[OutdatedPackage]) -> None:
        self.packages = tuple(packages)
        updates = sorted({f"`bazel run {package.update}`" for package in self.packages})
        super().__init__(
            f"the base image is outdated ({', '.join(map(str, self.packages))}): "
            f"run {' and '.join(updates)}, or publish it anyway with --allow-outdated-base"
        )


def outdated_packages(path: Path) -> list[OutdatedPackage]:
    """Return the packages that a status file names."""
    return [OutdatedPackage(**entry) for entry in json.loads(path.read_text())["outdated"]]


def check_current(path: Path, *, allowed: bool) -> None:
    """Check a status file before an image is published; print a warning if the base is outdated and that is allowed.

    Raises:
        OutdatedBaseError: the base is outdated, and that is not allowed.
    """
    packages = outdated_packages(path)
    if packages and not allowed:
        raise OutdatedBaseError(packages)
    if packages:
        print(f"warning: the base image is outdated: {', '.join(map(str, packages))}", file=sys.stderr)


def main(paths: list[str]) -> None:
    """Merge several status files and print the result."""
    packages = sorted({package for path in paths for package in outdated_packages(Path(path))})
    print(json.dumps({"outdated": [asdict(package) for package in packages]}, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
