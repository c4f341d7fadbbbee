"""Time `affected` on generated workspaces of growing size.

    bazel run //tools/affected:scale -- 100 1000

Each service has ten targets, libraries lie in layers, one for ten services. A line a size: the time of a
source edit and, for the same edits, of the bare `bazel query rdeps` in it, of a definition edit when the
base's graph has to be read and when it is kept, the memory of Bazel's server, and the time of a module's bump, when
the base has to be analysed and when that is kept. Times are medians of five but for what is read first, in
seconds, on a server that has loaded the head, or for modules analysed it.
"""

import argparse
import pathlib
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from tools.affected import reach
from tools.affected.answer import answer
from tools.affected.audit import fixture, mutations, scratch, trial
from tools.affected.bazel import Bazel
from tools.affected.changes import WORKTREE, Range
from tools.affected.errors import AffectedError
from tools.affected.git import Repository
from tools.affected.snapshots import Snapshots

_TIMES = 5
_HEADER = "| services | targets | source | bare query | definition, first | kept | server MB | module, first | kept |"


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/affected:scale --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("services", type=int, nargs="+", help="how many services, one line each")
    sizes = parser.parse_args(arguments).services
    print(_HEADER, "|--:|--:|--:|--:|--:|--:|--:|--:|--:|", sep="\n", flush=True)
    try:
        for services in sizes:
            print(_line(services), flush=True)
    except AffectedError as error:
        print(f"scale: {error}", file=sys.stderr)
        return 2
    return 0


def _line(services: int) -> str:
    size = fixture.Size(libraries=max(6, services // 10), services=services, parts=3)
    with scratch.workspace(size) as bazel:
        loaded = _loaded(bazel)
    # Another workspace, so that the server of the private copy is a new one too.
    with scratch.workspace(size) as bazel:
        return f"| {' | '.join([str(services), *loaded, *_analysed(bazel)])} |"


def _loaded(bazel: Bazel) -> Sequence[str]:
    targets = len(bazel.query("//...", "--proto:output_rule_attrs=tags"))
    pairs = [[_edited(bazel, mutations.edit_source, ask, seed) for ask in (_ask, _query)] for seed in range(_TIMES)]
    source, bare = map(statistics.median, zip(*pairs, strict=True))
    first, kept = _first_and_kept(bazel, mutations.change_macro)
    return str(targets), f"{source:.2f}", f"{bare:.2f}", f"{first:.1f}", f"{kept:.2f}", str(_memory(bazel))


def _analysed(bazel: Bazel) -> Sequence[str]:
    bazel.run("build", "--nobuild", "--noshow_progress", "//...")
    first, kept = _first_and_kept(bazel, mutations.bump_module)
    return f"{first:.1f}", f"{kept:.2f}"


def _first_and_kept(bazel: Bazel, mutation: mutations.Mutation) -> tuple[float, float]:
    """Return the seconds that an answer takes when the base has to be read, and when it is kept."""
    first, *others = (_edited(bazel, mutation, _ask, seed) for seed in range(1 + _TIMES))
    return first, statistics.median(others)


def _edited(bazel: Bazel, mutation: mutations.Mutation, ask: Callable[[Bazel], float], seed: int) -> float:
    """Return the seconds that a question takes after an edit, which is undone."""
    mutation(mutations.Editor(bazel.workspace, random.Random(seed)))  # noqa: S311
    try:
        return ask(bazel)
    finally:
        trial.git(bazel.workspace, "reset", "--quiet", "--hard")


def _range(bazel: Bazel) -> Range:
    return Range.of(Repository(bazel.workspace), base="HEAD", head=WORKTREE)


def _ask(bazel: Bazel) -> float:
    """Ask what is affected."""
    started = time.monotonic()
    range_ = _range(bazel)
    answer(range_, Snapshots(range=range_, home=bazel, head=bazel))
    return time.monotonic() - started


def _query(bazel: Bazel) -> float:
    """Ask the bare question that an answer about one source file contains."""
    (change,) = _range(bazel).changes()
    folder, _, name = change.path.rpartition("/")
    expression = reach.expression([f"//{folder}:{name}"], [])
    started = time.monotonic()
    bazel.run("query", "--noshow_progress", "--output=label", expression)
    return time.monotonic() - started


def _memory(bazel: Bazel) -> int:
    """Return the resident megabytes of the server."""
    process = bazel.run("info", "--noshow_progress", "server_pid").decode().strip()
    status = pathlib.Path("/proc", process, "status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
