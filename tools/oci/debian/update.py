"""Update a Debian lock, or report its packages that are older than in the archives.

bazel run //tools/oci/base:update      writes the lock from the main and the security archive
bazel run //tools/oci/base:outdated    prints the packages that are behind, exits 1 if there are any
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.oci.base.deb import read_deb
from tools.oci.debian.errors import DebianArchiveError
from tools.oci.debian.index import Package, Release, Trust, read_packages, read_release
from tools.oci.debian.lock import UnknownPackageError, Wanted, newest_packages, render, resolve
from tools.oci.debian.mirrors import environment
from tools.oci.debian.versions import sort_key
from tools.oci.layers.entries import File

_ARCHIVE_KEYRING = "usr/share/keyrings/debian-archive-keyring.gpg"
_WITHOUT_SECURITY = {"forky", "sid"}
"""Suites whose fixes come through the main archive."""


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that something is behind or could not be read."""
    options = _parser().parse_args(arguments)
    environ = environment()
    root = Path(environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    folder = root / options.folder
    try:
        with tempfile.TemporaryDirectory() as scratch:
            keyrings = [*_extra_keyrings(options.keyring, environ), *_archive_keyring(options.keys, Path(scratch))]
            trust = Trust(keyrings=keyrings, allow_expired=options.allow_expired, warn=_warn)
            wanted = Wanted.read(folder / "packages.json", root=root)
            archives = Archives(wanted, trust=trust, environ=environ)
        if options.report:
            return report(folder, archives)
        update(folder, archives, interpreter=options.interpreter and root / options.interpreter)
    except (DebianArchiveError, UnknownPackageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


class Archives:
    """The versions of the required packages in the archives, by architecture."""

    def __init__(self, wanted: Wanted, *, trust: Trust, environ: Mapping[str, str]) -> None:
        """Read and verify the indexes of the suite and, where it has one, of its security suite."""
        releases = [read_release("debian", wanted.suite, trust=trust, environ=environ)]
        if wanted.suite not in _WITHOUT_SECURITY:
            suite = f"{wanted.suite}-security"
            releases.append(read_release("debian-security", suite, trust=trust, environ=environ))
        self.base = wanted.base
        self.made = max(release.made for release in releases)
        offers = {arch: list(_offered(releases, arch)) for arch in wanted.architectures}
        self.chosen = {arch: resolve(wanted, newest_packages(offer)) for arch, offer in offers.items()}
        self.frozen = {arch: newest_packages(_of_main(offer)) for arch, offer in offers.items()}


def update(folder: Path, archives: Archives, *, interpreter: Path | None) -> None:
    """Write `lock.json` beside `packages.json`, and the packages of the air-gapped mode's interpreter."""
    chosen = archives.chosen
    _write(folder / "lock.json", render(chosen, fallbacks=archives.frozen, made=archives.made, base=archives.base))
    if interpreter:
        amd64 = {"amd64": chosen["amd64"]}
        _write(interpreter, render(amd64, fallbacks=archives.frozen, made=archives.made))
    print(f"{folder / 'lock.json'}: " + ", ".join(f"{len(chosen[arch])} packages for {arch}" for arch in chosen))


def report(folder: Path, archives: Archives) -> int:
    """Print a line for each locked package of which the archives have a newer version; return 1 if there are any."""
    locked = json.loads((folder / "lock.json").read_text())["packages"]
    behind = 0
    for arch, entries in locked.items():
        newest = {package.name: package for package in archives.chosen.get(arch, [])}
        for entry in entries:
            offered = newest.get(entry["name"])
            if offered and sort_key(offered.version) > sort_key(entry["version"]):
                print(f"{arch}: {entry['name']} {entry['version']} -> {offered.version} ({offered.archive})")
                behind += 1
    print(f"{behind} packages behind", file=sys.stderr)
    return 1 if behind else 0


def _write(path: Path, text: str) -> None:
    """Write a lock if it differs from the present one in more than the date."""
    if not path.is_file() or _undated(path.read_text()) != _undated(text):
        path.write_text(text)


def _undated(lock: str) -> dict[str, object]:
    return {key: value for key, value in json.loads(lock).items() if key != "snapshot"}


def _offered(releases: Iterable[Release], architecture: str) -> Iterable[Package]:
    return (package for release in releases for package in read_packages(release, architecture))


def _of_main(packages: Iterable[Package]) -> Iterable[Package]:
    return (package for package in packages if package.archive == "debian")


def _extra_keyrings(named: list[Path], environ: Mapping[str, str]) -> list[Path]:
    """Return the keyrings for mirrors that replace the archive's signatures by their own.

    Raises:
        DebianArchiveError: one of them is not a file.
    """
    keyrings = [*named, *(Path(word) for word in environ.get("DEBIAN_KEYRING", "").split(os.pathsep) if word)]
    place = Path(environ.get("BUILD_WORKING_DIRECTORY", Path.cwd()))
    for keyring in keyrings:
        if not (place / keyring).is_file():
            raise DebianArchiveError(f"the keyring {keyring} is not a file")
    return [place / keyring for keyring in keyrings]


def _archive_keyring(package: Path | None, folder: Path) -> list[Path]:
    """Extract Debian's archive keys from the locked package `debian-archive-keyring`."""
    if package is None:
        return []
    entry = read_deb(package).entries.get(_ARCHIVE_KEYRING)
    if not isinstance(entry, File):
        raise DebianArchiveError(f"{package} has no {_ARCHIVE_KEYRING}")
    keyring = folder / "archive.gpg"
    keyring.write_bytes(entry.content)
    return [keyring]


def _warn(text: str) -> None:
    print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="update", description=__doc__)
    parser.add_argument("folder", help="folder of packages.json and lock.json, from the workspace root")
    parser.add_argument("--interpreter", metavar="FILE", help="write the packages for amd64 there as well")
    parser.add_argument("--report", action="store_true", help="only print packages with a newer version")
    parser.add_argument("--keys", metavar="DEB", type=Path, help="the package that holds Debian's archive keys")
    parser.add_argument(
        "--keyring", metavar="FILE", type=Path, action="append", default=[], help="also trust the keys in this file"
    )
    parser.add_argument(
        "--allow-expired", action="store_true", help="read indexes past their Valid-Until, with a warning"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
