"""Merge the packages of a service's Debian lock into a layer above the base.

additional.py --architecture ARCH --base LOCK --lock LOCK --compression gzip|zstd --output LAYER PACKAGE.deb...

The lock names its base, and has the dependencies of its packages that are not in the base. A package that is in both
locks, because it was added to the base later, is omitted; its version must be the same in both.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.oci.base.deb import Deb, read_deb
from tools.oci.base.merge import usr_path
from tools.oci.layers.bytecode import UncompilableError, compile_module
from tools.oci.layers.compression import compressor
from tools.oci.layers.entries import Entry, File, Folder, write_layer

# Not used in a container: documentation, headers, and the settings of programs that start others.
_LEFT_OUT = re.compile(
    r"usr/share/doc/(?![^/]+/copyright$).*"
    r"|usr/share/(applications|bash-completion|bug|doc-base|info|lintian|locale|man|menu|zsh)/.*"
    r"|usr/include/.*|usr/lib/.*\.l?a|usr/lib/([^/]+/)?pkgconfig/.*"
    r"|usr/lib/(systemd|sysusers\.d|tmpfiles\.d|udev)/.*"
    r"|etc/(apparmor\.d|cron\.[^/]+|default|init\.d|logrotate\.d)/.*"
)

# No set-uid bit, and no write permission except for root.
_MODE = 0o755

Versions = Mapping[str, str]
"""Versions of packages by name."""


class LocksDoNotFitError(Exception):
    """A service's lock cannot be used with the lock of its base."""


class OtherBaseError(LocksDoNotFitError):
    """A service's lock was made for another base."""

    def __init__(self, named: str | None, *, base: Path) -> None:
        super().__init__(
            f"the additional packages are locked for the base in {named or 'no folder'}, and the image has the one in "
            f'{base}: set `"base": "{base}"` in their packages.json and run their `:update`'
        )
        self.base = base


class LockClashError(LocksDoNotFitError):
    """A service's lock has another version of a package than the lock of its base."""

    def __init__(self, name: str, *, base: str, lock: str) -> None:
        super().__init__(
            f"Debian package {name} is locked as {base} for the base and as {lock} for the service: "
            "run the `:update` of both locks, the base's first"
        )
        self.name = name


class NothingAddedError(LocksDoNotFitError):
    """A service's lock has only packages that are in the base."""

    def __init__(self) -> None:
        super().__init__("the base has all packages of this lock: leave `debian_packages` out")


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the locks do not fit."""
    parser = argparse.ArgumentParser(prog="additional")
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--compression", choices=["gzip", "zstd"], required=True)
    for file in ("base", "lock", "output"):
        parser.add_argument(f"--{file}", type=Path, required=True)
    parser.add_argument("debs", type=Path, nargs="*")
    options = parser.parse_args(arguments)
    base, lock = (locked_versions(path, options.architecture) for path in (options.base, options.lock))
    try:
        check_base(options.lock, base=options.base.parent)
        names = additional_packages(base, lock)
    except LocksDoNotFitError as error:
        print(f"error: {error} ({options.lock}, {options.base})", file=sys.stderr)
        return 1
    debs = [deb for deb in map(read_deb, options.debs) if deb.name in names]
    write_layer(merge(debs), options.output, compressor=compressor(options.compression))
    return 0


def check_base(lock: Path, *, base: Path) -> None:
    """Check that a lock was made for the base in a folder.

    Raises:
        OtherBaseError: the lock names another base, or none.
    """
    named = json.loads(lock.read_text()).get("base")
    if named != str(base):
        raise OtherBaseError(named, base=base)


def locked_versions(lock: Path, architecture: str) -> Versions:
    """Return the versions that a lock has for an architecture."""
    return {entry["name"]: entry["version"] for entry in json.loads(lock.read_text())["packages"][architecture]}


def additional_packages(base: Versions, lock: Versions) -> list[str]:
    """Return the names in a lock that the base's lock does not have.

    Raises:
        LockClashError: a package is in both, in different versions.
        NothingAddedError: there is none.
    """
    for name in sorted(base.keys() & lock.keys()):
        if base[name] != lock[name]:
            raise LockClashError(name, base=base[name], lock=lock[name])
    names = sorted(lock.keys() - base.keys())
    if not names:
        raise NothingAddedError
    return names


def merge(debs: Iterable[Deb]) -> dict[str, Entry]:
    """Merge packages, including their programs, and compile their Python modules."""
    merged: dict[str, Entry] = {}
    for deb in debs:
        for path, entry in deb.entries.items():
            if not isinstance(entry, Folder) and not _LEFT_OUT.fullmatch(usr_path(path)):
                merged[usr_path(path)] = _restricted(entry)
        merged[f"var/lib/dpkg/status.d/{deb.name}"] = File(content=deb.control.encode())
    return merged | _compiled(merged)


def _restricted(entry: Entry) -> Entry:
    return File(content=entry.content, mode=entry.mode & _MODE) if isinstance(entry, File) else entry


def _compiled(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the .pyc of each module that this interpreter can compile."""
    compiled: dict[str, Entry] = {}
    for path, entry in entries.items():
        if path.endswith(".py") and isinstance(entry, File):
            try:
                compiled |= [compile_module(path, entry.content)]
            except UncompilableError:
                continue
    return compiled


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
