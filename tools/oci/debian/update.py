"""Make a Debian lock anew, or report what it lacks of the security archive.

bazel run //tools/oci/base:update [-- --security]    writes the lock
bazel run //tools/oci/base:outdated                  prints the packages that are behind, exits 1 if there are any
"""

import argparse
import json
import os
import sys
from pathlib import Path

from tools.oci.debian.index import DebianArchiveError, Package, Release, read_packages, read_release
from tools.oci.debian.lock import UnknownPackageError, Wanted, newest_packages, render, resolve


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that something is behind or could not be read."""
    options = _parser().parse_args(arguments)
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    folder = root / options.folder
    try:
        if options.report:
            return report(folder)
        update(folder, security=options.security, interpreter=options.interpreter and root / options.interpreter)
    except (DebianArchiveError, UnknownPackageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def update(folder: Path, *, security: bool, interpreter: Path | None) -> None:
    """Write `lock.json` beside `packages.json`, and what the interpreter of this machine is to be made of."""
    wanted = Wanted.read(folder / "packages.json")
    releases = _releases(wanted, security=security)
    chosen = {arch: _resolve(wanted, releases, arch) for arch in wanted.architectures}
    made = max(release.made for release in releases)
    (folder / "lock.json").write_text(render(chosen, made=made))
    if interpreter:
        interpreter.write_text(render({"amd64": chosen["amd64"]}, made=made))
    print(f"{folder / 'lock.json'}: " + ", ".join(f"{len(chosen[arch])} packages for {arch}" for arch in chosen))


def report(folder: Path) -> int:
    """Print each locked package that the security archive has newer, one a line."""
    wanted = Wanted.read(folder / "packages.json")
    locked = json.loads((folder / "lock.json").read_text())["packages"]
    releases = _releases(wanted, security=True)
    behind = 0
    for arch, entries in locked.items():
        newest = {package.name: package for package in _resolve(wanted, releases, arch)}
        for entry in entries:
            offered = newest.get(entry["name"])
            if offered and offered.version != entry["version"]:
                print(f"{arch}: {entry['name']} {entry['version']} -> {offered.version} ({offered.archive})")
                behind += 1
    print(f"{behind} packages behind", file=sys.stderr)
    return 1 if behind else 0


def _releases(wanted: Wanted, *, security: bool) -> list[Release]:
    """Read the suite, and its security suite when asked for."""
    main_release = read_release("debian", wanted.suite)
    return [main_release, read_release("debian-security", f"{wanted.suite}-security")] if security else [main_release]


def _resolve(wanted: Wanted, releases: list[Release], architecture: str) -> list[Package]:
    offered = [package for release in releases for package in read_packages(release, architecture)]
    return resolve(wanted, newest_packages(offered))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="update", description=__doc__)
    parser.add_argument("folder", help="folder of packages.json and lock.json, from the workspace root")
    parser.add_argument("--security", action="store_true", help="take newer versions from the security archive")
    parser.add_argument("--interpreter", metavar="FILE", help="write the packages for amd64 there as well")
    parser.add_argument("--report", action="store_true", help="only print what is behind the security archive")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
