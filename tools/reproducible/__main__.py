"""Build all images twice, far apart, and demand equal digests.

The two builds share nothing but the commit: folder, output base, HOME, time zone, locale, umask, number of jobs and
compilation mode differ, and one has a commit more, of documentation alone. The committed state is built, not the
working tree.
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
from tools.reproducible.sabotage import stamp_with_the_clock


def main() -> int:
    """Return 0 when the digests are as they have to be."""
    arguments = _arguments()
    workspace = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    try:
        return _prove(workspace, negative_control=arguments.negative_control)
    except (BuildFailedError, subprocess.CalledProcessError) as failure:
        print(f"reproducible: {failure}", file=sys.stderr)
        return 2


def _prove(workspace: Path, *, negative_control: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="reproducible-") as scratch:
        plain = cloned(workspace, Path(scratch), PLAIN)
        hostile = cloned(workspace, Path(scratch), HOSTILE)
        commit_documents(hostile.folder)
        if negative_control:
            stamp_with_the_clock(hostile.folder)
        first, second = (_timed_digests(bazel) for bazel in (plain, hostile))
    differing = [label for label in first if first[label] != second.get(label)]
    for label, digest in first.items():
        print(f"{'DIFFERS' if label in differing else 'equal':8} {digest}  {label}")
    if negative_control:
        return _judge(bool(differing), "the clock was noticed", "the clock went unnoticed")
    return _judge(not differing and first.keys() == second.keys(), "all equal", "not reproducible")


def _timed_digests(bazel: Bazel) -> dict[str, str]:
    started = time.monotonic()
    try:
        return bazel.digests()
    finally:
        bazel.stop()
        seconds = time.monotonic() - started
        print(f"built under {bazel.conditions.name} conditions: {seconds:.0f} s", file=sys.stderr)


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
        help="let the clock into one of the builds and succeed only if that is noticed",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
