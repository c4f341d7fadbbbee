"""Mutates a workspace again and again, and holds every answer against the truth."""

import contextlib
import dataclasses
import pathlib
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tools.affected.answer import Answer, answer
from tools.affected.audit import mutations, rivals, truth
from tools.affected.bazel import Bazel
from tools.affected.changes import WORKTREE, Range
from tools.affected.errors import AffectedError, BazelFailedError
from tools.affected.git import Repository
from tools.affected.snapshots import Snapshots

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Guess:
    """What one tool said of one mutation, among the targets that there is a truth of."""

    tool: str
    reported: frozenset[str]
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One mutation: what really changed, the seconds that it took to find out, and what each tool said."""

    mutation: str
    changed: frozenset[str]
    seconds: float
    guesses: tuple[Guess, ...]
    reasons: tuple[str, ...]

    def missed(self, tool: str) -> frozenset[str]:
        """Return the targets that changed and that the tool did not report."""
        return self.changed - self.guess(tool).reported

    def unneeded(self, tool: str) -> frozenset[str]:
        """Return the targets that the tool reported and that did not change."""
        return self.guess(tool).reported - self.changed

    def guess(self, tool: str) -> Guess:
        """Return what a tool said."""
        return next(guess for guess in self.guesses if guess.tool == tool)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bench:
    """A workspace under git, its Bazel, and the state that every mutation starts from."""

    bazel: Bazel
    weights: mutations.Weights
    oracle: truth.Truth
    digests: truth.Digests
    loaded: rivals.Loaded | None

    @classmethod
    def of(cls, bazel: Bazel, weights: mutations.Weights, *, with_rivals: bool) -> "Bench":
        """Look at the workspace before anything is changed."""
        oracle = truth.Truth(bazel=bazel)
        loaded = rivals.Loaded.of(bazel, oracle.contents) if with_rivals else None
        return cls(bazel=bazel, weights=weights, oracle=oracle, digests=oracle.digests(), loaded=loaded)

    def trials(self, count: int, seed: int) -> Iterator[Trial]:
        """Make so many mutations, one at a time, each from the same state."""
        dice = random.Random(seed)  # noqa: S311 - choices that can be repeated, no secrets
        for mutation in mutations.drawn(self.weights, dice, count):
            yield self.trial(mutation, dice)

    def trial(self, mutation: mutations.Mutation, dice: random.Random) -> Trial:
        """Make one mutation, hold the answers against the truth, and undo it.

        Raises:
            AffectedError: the mutated workspace cannot be analysed, so that there is no truth to hold against.
        """
        with self._restored():
            mutation(mutations.Editor(self.bazel.workspace, dice))
            try:
                return self._trial(mutation.__name__)
            except BazelFailedError as error:
                message = f"{mutation.__name__} left a workspace that Bazel refuses: {error}"
                raise AffectedError(message) from error

    def _trial(self, name: str) -> Trial:
        range_ = Range.of(Repository(self.bazel.workspace), base="HEAD", head=WORKTREE)
        snapshots = Snapshots(range=range_, home=self.bazel, head=self.bazel)
        found, seconds = _timed(lambda: answer(range_, snapshots))
        after, checking = _timed(self.oracle.digests)
        acting = frozenset(after)
        guesses = [Guess(tool="affected", reported=acting & set(found.targets), seconds=seconds)]
        if self.loaded is not None:
            guesses += self._rivals(self.loaded, range_, acting)
        return Trial(
            mutation=name,
            changed=frozenset(truth.changed(self.digests, after)),
            seconds=checking,
            guesses=tuple(guesses),
            reasons=_reasons(found),
        )

    def _rivals(self, before: rivals.Loaded, range_: Range, acting: frozenset[str]) -> list[Guess]:
        changes = range_.changes()
        after, loading = _timed(lambda: rivals.Loaded.of(self.bazel, self.oracle.contents))
        said = {
            "rdeps of changed files": lambda: rivals.plain_rdeps(changes, after),
            "everything on build files": lambda: rivals.everything_on_definitions(changes, after),
            "target hashes": lambda: rivals.target_hashes(before, after),
        }
        timed = {tool: _timed(ask) for tool, ask in said.items()}
        return [
            Guess(tool=tool, reported=acting & labels, seconds=seconds + loading)
            for tool, (labels, seconds) in timed.items()
        ]

    @contextlib.contextmanager
    def _restored(self) -> Iterator[None]:
        try:
            yield
        finally:
            git(self.bazel.workspace, "reset", "--quiet", "--hard")
            git(self.bazel.workspace, "clean", "--quiet", "--force", "-d")


def git(folder: pathlib.Path, *arguments: str) -> None:
    """Run git in a scratch workspace."""
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.monotonic()
    return call(), time.monotonic() - started


def _reasons(found: Answer) -> tuple[str, ...]:
    return tuple(f"{verdict.path}: {verdict.reason}" for verdict in found.verdicts)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Score:
    """How a tool did over all trials.

    `missed` counts changed targets that were not reported, `precision` is the share of reported targets
    that changed, `seconds` is the median time of an answer.
    """

    tool: str
    missed: int
    precision: float
    seconds: float

    @classmethod
    def of(cls, tool: str, trials: Sequence[Trial]) -> "Score":
        """Add up."""
        reported = sum(len(trial.guess(tool).reported) for trial in trials)
        right = sum(len(trial.guess(tool).reported & trial.changed) for trial in trials)
        times = sorted(trial.guess(tool).seconds for trial in trials)
        return cls(
            tool=tool,
            missed=sum(len(trial.missed(tool)) for trial in trials),
            precision=right / reported if reported else 1.0,
            seconds=times[len(times) // 2],
        )


def scores(trials: Sequence[Trial]) -> list[Score]:
    """Return the score of every tool that took part."""
    return [Score.of(guess.tool, trials) for guess in trials[0].guesses]
