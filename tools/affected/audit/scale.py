"""Measure the time of `affected` on generated workspaces of several sizes.

    bazel run //tools/affected:scale -- 100 1000

Each service has ten targets, and there is one library for ten services. For each size the table has the time of a
source edit, of the `bazel query rdeps` that it contains, of an edit of a definition without and with a cached graph of
the base, the memory of the Bazel server, and the time of a module's bump without and with a cached analysis of the
base. Times are in seconds, on a server that has loaded the head, or analysed it for modules. They are medians of five,
except those without a cache.
"""

import argparse
import pathlib
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from tools.affected import reverse_dependencies
from tools.affected.audit import experiment, fixture, mutations, temp_workspace
from tools.affected.bazel import Bazel
from tools.affected.changes import WORKTREE, Range
from tools.affected.errors import AffectedError
from tools.affected.git import Repository
from tools.affected.result import affected_targets
from tools.affected.snapshots import Snapshots

_REPETITIONS = 5
_COLUMNS = ("services", "targets", "source", "query", "definition", "cached", "server MB", "module", "cached")


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/affected:scale --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("services", type=int, nargs="+", help="numbers of services, one row for each")
    sizes = parser.parse_args(arguments).services
    print(f"| {' | '.join(_COLUMNS)} |", "|--:" * len(_COLUMNS) + "|", sep="\n", flush=True)
    try:
        for services in sizes:
            print(_row(services), flush=True)
    except AffectedError as error:
        print(f"scale: {error}", file=sys.stderr)
        return 2
    return 0


def _row(services: int) -> str:
    size = fixture.Size(libraries=max(6, services // 10), services=services, parts=3)
    with temp_workspace.create(size) as bazel:
        loading = _loading_times(bazel)
    # A new workspace, so that the private copy has a new server too.
    with temp_workspace.create(size) as bazel:
        return f"| {' | '.join([str(services), *loading, *_analysis_times(bazel)])} |"


def _loading_times(bazel: Bazel) -> Sequence[str]:
    targets = len(bazel.query("//...", "--proto:output_rule_attrs=tags"))
    pairs = [
        [_time(bazel, mutations.edit_source, run, seed) for run in (_run_affected, _run_query)]
        for seed in range(_REPETITIONS)
    ]
    source, bare = map(statistics.median, zip(*pairs, strict=True))
    first, cached = _first_and_cached(bazel, mutations.change_macro)
    return str(targets), f"{source:.2f}", f"{bare:.2f}", f"{first:.1f}", f"{cached:.2f}", str(_memory(bazel))


def _analysis_times(bazel: Bazel) -> Sequence[str]:
    bazel.run("build", "--nobuild", "--noshow_progress", "//...")
    first, cached = _first_and_cached(bazel, mutations.bump_module)
    return f"{first:.1f}", f"{cached:.2f}"


def _first_and_cached(bazel: Bazel, mutation: mutations.Mutation) -> tuple[float, float]:
    """Return the time without and with a cached graph of the base."""
    first, *others = (_time(bazel, mutation, _run_affected, seed) for seed in range(1 + _REPETITIONS))
    return first, statistics.median(others)


def _time(bazel: Bazel, mutation: mutations.Mutation, run: Callable[[Bazel], float], seed: int) -> float:
    """Return the time of a command after an edit, and undo the edit."""
    mutation(mutations.Editor(bazel.workspace, random.Random(seed)))  # noqa: S311
    try:
        return run(bazel)
    finally:
        experiment.git(bazel.workspace, "reset", "--quiet", "--hard")


def _range(bazel: Bazel) -> Range:
    return Range.resolve(Repository(bazel.workspace), base="HEAD", head=WORKTREE)


def _run_affected(bazel: Bazel) -> float:
    """Return the time of finding the affected targets."""
    started = time.monotonic()
    range_ = _range(bazel)
    affected_targets(range_, Snapshots(range=range_, local=bazel, head=bazel))
    return time.monotonic() - started


def _run_query(bazel: Bazel) -> float:
    """Return the time of the query for the reverse dependencies of the changed file."""
    (change,) = _range(bazel).changes()
    folder, _, name = change.path.rpartition("/")
    expression = reverse_dependencies.rdeps_expression([f"//{folder}:{name}"], [])
    started = time.monotonic()
    bazel.run("query", "--noshow_progress", "--output=label", expression)
    return time.monotonic() - started


def _memory(bazel: Bazel) -> int:
    """Return the resident memory of the server in megabytes."""
    process = bazel.run("info", "--noshow_progress", "server_pid").decode().strip()
    status = pathlib.Path("/proc", process, "status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
