"""Compare `affected` with an oracle on random edits of a small workspace, or of this repository.

    bazel run //tools/affected:audit -- --mutations 60 --seed 1
    bazel run //tools/affected:audit -- --on repository --mutations 30
    bazel run //tools/affected:audit -- --on tracks --mutations 40
    bazel run //tools/affected:audit -- --without definitions    # must miss targets

The oracle computes a digest of each target before and after an edit, over its actions, its files and the content of
all of their inputs. The status is 1 if a target whose digest changed was not reported, or if precision is too low, and
2 if the workspace cannot be analysed.
"""

import argparse
import contextlib
import os
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence

from tools.affected import seeds
from tools.affected.audit import experiment, mutations, repository, temp_workspace, track_fixture
from tools.affected.bazel import Bazel
from tools.affected.errors import AffectedError

MIN_PRECISION = 0.95
_MAX_PRINTED = 5


def main(arguments: Sequence[str]) -> int:
    """Run the audit and print the table."""
    options = _parser().parse_args(arguments)
    rules = tuple(rule for rule in seeds.RULES if rule.name not in options.without)
    opened, weights = _workspace(options.on)
    try:
        with opened as bazel:
            with_baselines = not (options.without or options.no_baselines)
            workspace = experiment.Workspace.read(bazel, weights, with_baselines=with_baselines, rules=rules)
            running = workspace.run_all(options.mutations, options.seed)
            outcomes = [_printed(outcome) for outcome in _within(running, options.minutes)]
    except AffectedError as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    scores = experiment.scores(outcomes)
    print(f"{len(outcomes)} edits\n")
    print("| tool | missed | precision | median seconds |\n|---|---|---|---|")
    for score in scores:
        print(f"| {score.tool} | {score.missed} | {score.precision:.3f} | {score.seconds:.2f} |")
    affected = scores[0]
    if options.without:
        return 0 if affected.missed else 1
    return 1 if affected.missed or affected.precision < options.min_precision else 0


def _workspace(name: str) -> tuple[contextlib.AbstractContextManager[Bazel], mutations.Weights]:
    """Return the workspace to edit, and the mutations for it."""
    if name == "fixture":
        return temp_workspace.create(), mutations.OF_FIXTURE
    if name == "tracks":
        return temp_workspace.create(files=track_fixture.files()), track_fixture.OF_TRACKS
    source = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", pathlib.Path.cwd()))
    return repository.clone(source), repository.OF_REPOSITORY


def _within(outcomes: Iterator[experiment.Outcome], minutes: float) -> Iterator[experiment.Outcome]:
    """Yield the first outcome, and more until the time is over."""
    deadline = time.monotonic() + 60 * minutes
    for outcome in outcomes:
        yield outcome
        if time.monotonic() > deadline:
            return


def _printed(outcome: experiment.Outcome) -> experiment.Outcome:
    """Print an outcome to stderr and return it."""
    report = outcome.report("affected")
    print(
        f"{outcome.mutation}: {len(outcome.changed)} changed, {len(report.reported)} reported,"
        f" {report.seconds:.1f} s, oracle {outcome.oracle_seconds:.1f} s",
        *(f"  MISSED {label}" for label in sorted(outcome.missed("affected"))),
        *(f"  not changed {label}" for label in sorted(outcome.unneeded("affected"))[:_MAX_PRINTED]),
        *(f"  {reason}" for reason in outcome.reasons if outcome.changed != report.reported),
        sep="\n",
        file=sys.stderr,
        flush=True,
    )
    return outcome


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/affected:audit --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mutations", type=int, default=60, metavar="N", help="number of edits (default: 60)")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), metavar="M", help="start no more edits after M minutes"
    )
    parser.add_argument("--no-baselines", action="store_true", help="do not run the baseline tools on the same edits")
    parser.add_argument(
        "--min-precision",
        type=float,
        default=MIN_PRECISION,
        metavar="P",
        help="fail below this precision; one edit that affects everything lowers it (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the random edits (default: 1)")
    parser.add_argument(
        "--on",
        choices=("fixture", "repository", "tracks"),
        default="fixture",
        help="a generated workspace (default), a clone of this repository, or a generated workspace with two tracks",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="RULE",
        help="disable a seed rule, such as `definitions`, and succeed only if targets are missed",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
