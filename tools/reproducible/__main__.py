"""Build all images twice under different conditions and compare their digests.

The two builds have only the commit in common: folder, output base, HOME, time zone, locale, umask, date, order of files
in folders, number of jobs and compilation mode differ, and one clone has an additional commit that changes only
documentation. The committed state is built, not the working tree.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.bazel_run.environment import path_from_bazel
from tools.reproducible.build_environment import lists_newest_first, varied_environment
from tools.reproducible.builds import Bazel, BuildFailedError, clone
from tools.reproducible.conditions import REFERENCE, VARIED
from tools.reproducible.documents import NoDocumentsError, commit_documents
from tools.reproducible.negative_control import LineNotFoundError, Nondeterminism, inject


def main() -> int:
    """Return 0 if all digests are equal, or with --negative-control if all differ."""
    arguments = _arguments()
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd()))
    try:
        return _run(workspace, negative_control=arguments.negative_control)
    except (BuildFailedError, LineNotFoundError, NoDocumentsError, subprocess.CalledProcessError) as failure:
        print(f"reproducible: {failure}", file=sys.stderr)
        return 2


def _run(workspace: Path, *, negative_control: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="reproducible-") as folder:
        reference, varied = _clones(workspace, Path(folder))
        try:
            return _run_control(reference, varied) if negative_control else _compare(reference, varied)
        finally:
            reference.stop()
            varied.stop()


def _clones(workspace: Path, folder: Path) -> tuple[Bazel, Bazel]:
    library = path_from_bazel("FAKETIME_LIBRARY", "bazel run //tools/reproducible")
    environment = varied_environment(library, folder / "environment")
    if not environment.command:
        message = "bubblewrap is not installed: both builds have the same date and order of files"
        print(message, file=sys.stderr)
    reference = clone(workspace, folder, REFERENCE)
    varied = clone(workspace, folder, VARIED).in_environment(environment)
    commit_documents(varied.folder)
    return reference, varied


def _compare(reference: Bazel, varied: Bazel) -> int:
    first, second = _timed_digests(reference), _timed_digests(varied)
    for label, digest in first.items():
        print(f"{'equal' if second.get(label) == digest else 'DIFFERS':8} {digest}  {label}")
    return _report("" if first == second else "not reproducible", success="all digests are equal")


def _run_control(reference: Bazel, varied: Bazel) -> int:
    """Inject each source of nondeterminism into both builds; the digests of every image must differ."""
    unnoticed = []
    for source in Nondeterminism:
        if source is Nondeterminism.ORDER and lists_newest_first(reference.folder):
            message = "the file system lists files in the order of a tmpfs, so both builds have the same order"
            print(message, file=sys.stderr)
            continue
        for bazel in (reference, varied):
            inject(bazel.folder, source)
        first, second = _timed_digests(reference), _timed_digests(varied)
        unnoticed += [f"{source.name.lower()} in {label}" for label in first if first[label] == second.get(label)]
    failure = f"digests are equal despite {', '.join(unnoticed)}" if unnoticed else ""
    return _report(failure, success="all digests differ, as expected")


def _timed_digests(bazel: Bazel) -> dict[str, str]:
    started = time.monotonic()
    digests = bazel.digests()
    seconds = time.monotonic() - started
    print(f"built under {bazel.conditions.name} conditions: {seconds:.0f} s", file=sys.stderr)
    return digests


def _report(failure: str, *, success: str) -> int:
    print(failure or success, file=sys.stderr)
    return 1 if failure else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/reproducible --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--negative-control",
        action="store_true",
        help="make the images depend on the date and on the order of files, and succeed only if all digests differ",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
