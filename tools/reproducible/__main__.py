"""Build all images twice, far apart, and demand equal digests.

The two builds share nothing but the commit: folder, output base, HOME, time zone, locale, umask, the date, the order of
files in folders, number of jobs and compilation mode differ, and one has a commit more, of documentation alone. The
committed state is built, not the working tree.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.reproducible.builds import Bazel, BuildFailedError, cloned
from tools.reproducible.conditions import HOSTILE, PLAIN
from tools.reproducible.documents import commit_documents
from tools.reproducible.sabotage import Sabotage, sabotage
from tools.reproducible.surroundings import lists_the_last_first, odd_surroundings


def main() -> int:
    """Return 0 when the digests are as they have to be."""
    arguments = _arguments()
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    try:
        return _prove(workspace, negative_control=arguments.negative_control)
    except (BuildFailedError, subprocess.CalledProcessError) as failure:
        print(f"reproducible: {failure}", file=sys.stderr)
        return 2


def _prove(workspace: Path, *, negative_control: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="reproducible-") as scratch:
        plain, hostile = _far_apart(workspace, Path(scratch))
        try:
            return _control(plain, hostile) if negative_control else _compare(plain, hostile)
        finally:
            plain.stop()
            hostile.stop()


def _far_apart(workspace: Path, scratch: Path) -> tuple[Bazel, Bazel]:
    surroundings = odd_surroundings(Path(os.environ["FAKETIME_LIBRARY"]), scratch / "surroundings")
    if not surroundings.command:
        print("no bubblewrap here: date and order of files are the same for both builds", file=sys.stderr)
    plain = cloned(workspace, scratch, PLAIN)
    hostile = cloned(workspace, scratch, HOSTILE).within(surroundings)
    commit_documents(hostile.folder)
    return plain, hostile


def _compare(plain: Bazel, hostile: Bazel) -> int:
    first, second = _timed_digests(plain), _timed_digests(hostile)
    for label, digest in first.items():
        print(f"{'equal' if second.get(label) == digest else 'DIFFERS':8} {digest}  {label}")
    return _judge(first == second, "all equal", "not reproducible")


def _control(plain: Bazel, hostile: Bazel) -> int:
    """Let one thing after the other show in every image of both builds."""
    unnoticed = []
    for by in Sabotage:
        if by is Sabotage.ORDER and lists_the_last_first(plain.folder):
            print("this disk lists files as memory does, so there is no other order", file=sys.stderr)
            continue
        for bazel in (plain, hostile):
            sabotage(bazel.folder, by)
        first, second = _timed_digests(plain), _timed_digests(hostile)
        unnoticed += [f"{by.name.lower()} in {label}" for label in first if first[label] == second.get(label)]
    return _judge(not unnoticed, "everything was noticed", f"unnoticed: {', '.join(unnoticed)}")


def _timed_digests(bazel: Bazel) -> dict[str, str]:
    started = time.monotonic()
    digests = bazel.digests()
    seconds = time.monotonic() - started
    print(f"built under {bazel.conditions.name} conditions: {seconds:.0f} s", file=sys.stderr)
    return digests


def _judge(good: bool, praise: str, complaint: str) -> int:  # noqa: FBT001
    print(praise if good else complaint, file=sys.stderr)
    return 0 if good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/reproducible --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--negative-control",
        action="store_true",
        help="let the date and the order of files into the builds and succeed only if both are noticed",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
