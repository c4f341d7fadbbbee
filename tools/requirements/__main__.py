"""Make requirements_lock.txt anew from requirements.in; pins stay where they are unless told.

The package index is the one that pip on this machine uses (PIP_INDEX_URL, or index-url of its
configuration). The lock is replaced only when the new one is complete.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from packaging.utils import canonicalize_name

from tools.requirements.lockfile import read_lock
from tools.requirements.resolver import ResolutionError, Resolver

_EVERYTHING = ""


def main() -> int:
    """Return 0 when the lock is up to date, 1 when it could not be made."""
    arguments = _arguments()
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    requirements = workspace / arguments.requirements
    lock = workspace / arguments.lock
    previous = lock.read_text(encoding="utf-8") if lock.exists() else ""
    strangers = [each for each in arguments.upgrade if each != _EVERYTHING and _name(each) not in read_lock(previous)]
    if strangers:
        print(f"{arguments.lock} is as it was: it has no {', '.join(strangers)} to upgrade", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="requirements-") as folder:
        try:
            text = Resolver(Path(folder)).lock(
                requirements.read_text(encoding="utf-8"),
                previous=previous,
                options=_options(arguments.upgrade),
            )
        except ResolutionError as error:
            print(f"{arguments.lock} is as it was. {error}", file=sys.stderr)
            return 1
    _replace(lock, text)
    print(f"{arguments.lock}: {'as it was' if text == previous else 'changed'}", file=sys.stderr)
    return 0


def _name(wanted: str) -> str:
    return canonicalize_name(wanted.partition("==")[0].strip())


def _options(upgrade: list[str]) -> list[str]:
    if _EVERYTHING in upgrade:
        return ["--upgrade"]
    return [f"--upgrade-package={package}" for package in upgrade]


def _replace(lock: Path, text: str) -> None:
    """Write beside the lock, then rename: a reader sees the old one or the new one."""
    new = lock.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(lock)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bazel run //:requirements.update --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--upgrade",
        action="append",
        nargs="?",
        const=_EVERYTHING,
        default=[],
        metavar="PACKAGE",
        help="take the newest version of a package, or NAME==VERSION, or the newest of everything; may be repeated",
    )
    parser.add_argument("--requirements", default="requirements.in", help="default: %(default)s")
    parser.add_argument("--lock", default="requirements_lock.txt", help="default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
