"""Hold `affected` against the truth on random edits of a small workspace, or of this repository.

    bazel run //tools/affected:audit -- --mutations 60 --seed 1
    bazel run //tools/affected:audit -- --on repository --mutations 30
    bazel run //tools/affected:audit -- --on tracks --mutations 40
    bazel run //tools/affected:audit -- --without definitions    # must find the bug

The truth of a mutation is what Bazel would really run otherwise: a digest for each target over its
actions and the content of all that they read, before and after. The status is 1 if a target that changed
was not reported, or if precision is too low; 2 if there was no truth to be had.
"""

import argparse
import contextlib
import os
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence

from tools.affected import seeds
from tools.affected.audit import mutations, repository, scratch, tracked, trial
from tools.affected.bazel import Bazel
from tools.affected.errors import AffectedError

LEAST_PRECISION = 0.95
_SHOWN = 5


def main(arguments: Sequence[str]) -> int:
    """Run the audit and print the table."""
    options = _parser().parse_args(arguments)
    seeds.BEFORE_SOURCES = tuple(
        module for module in seeds.BEFORE_SOURCES if module.__name__.rpartition(".")[2] not in options.without
    )
    subject, weights = _subject(options.on)
    try:
        with subject as bazel:
            bench = trial.Bench.of(bazel, weights, with_rivals=not (options.without or options.no_rivals))
            trials = list(map(_told, _in_time(bench.trials(options.mutations, options.seed), options.minutes)))
    except AffectedError as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    scores = trial.scores(trials)
    print(f"{len(trials)} edits\n")
    print("| tool | missed | precision | median seconds |\n|---|---|---|---|")
    for score in scores:
        print(f"| {score.tool} | {score.missed} | {score.precision:.3f} | {score.seconds:.2f} |")
    ours = scores[0]
    if options.without:
        return 0 if ours.missed else 1
    return 1 if ours.missed or ours.precision < options.least_precision else 0


def _subject(name: str) -> tuple[contextlib.AbstractContextManager[Bazel], mutations.Weights]:
    """Return the workspace to mutate and the mutations that fit it."""
    if name == "fixture":
        return scratch.workspace(), mutations.OF_FIXTURE
    if name == "tracks":
        return scratch.workspace(files=tracked.files()), tracked.OF_TRACKS
    here = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", pathlib.Path.cwd()))
    return repository.clone(here), repository.OF_REPOSITORY


def _in_time(trials: Iterator[trial.Trial], minutes: float) -> Iterator[trial.Trial]:
    """Yield the first trial, and more as long as there is time to begin one."""
    end = time.monotonic() + 60 * minutes
    for one in trials:
        yield one
        if time.monotonic() > end:
            return


def _told(one: trial.Trial) -> trial.Trial:
    ours = one.guess("affected")
    print(
        f"{one.mutation}: {len(one.changed)} changed, {len(ours.reported)} reported,"
        f" {ours.seconds:.1f} s, the truth {one.seconds:.1f} s",
        *(f"  MISSED {label}" for label in sorted(one.missed("affected"))),
        *(f"  unneeded {label}" for label in sorted(one.unneeded("affected"))[:_SHOWN]),
        *(f"  {reason}" for reason in one.reasons if one.changed != ours.reported),
        sep="\n",
        file=sys.stderr,
        flush=True,
    )
    return one


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tools/affected:audit --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mutations", type=int, default=60, metavar="N", help="how many edits (default: 60)")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), metavar="M", help="begin no more edits after so long"
    )
    parser.add_argument("--no-rivals", action="store_true", help="ask nobody else about the same edits")
    parser.add_argument(
        "--least-precision",
        type=float,
        default=LEAST_PRECISION,
        metavar="P",
        help="what to be content with; among few edits one that reports everything weighs much (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same edits again for the same S")
    parser.add_argument(
        "--on",
        choices=("fixture", "repository", "tracks"),
        default="fixture",
        help="a small workspace that is made here (default), a clone of this repository, or the locks of two tracks",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="MODULE",
        help="switch a module of tools/affected/seeds off and succeed only if that is noticed",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
