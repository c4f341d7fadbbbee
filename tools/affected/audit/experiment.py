"""Experiments: mutate a workspace, and compare the reported with the changed targets."""

import contextlib
import dataclasses
import pathlib
import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tools.affected import seeds
from tools.affected.audit import baselines, mutations
from tools.affected.audit.oracle import Digests, Oracle, changed_targets
from tools.affected.bazel import Bazel
from tools.affected.changes import WORKTREE, Range
from tools.affected.errors import AffectedError, BazelFailedError
from tools.affected.git import Repository
from tools.affected.result import AffectedResult, affected_targets
from tools.affected.seeds.rule import SeedRule
from tools.affected.snapshots import Snapshots

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """The targets that one tool reported for one mutation, without targets that the oracle has no digest of."""

    tool: str
    reported: frozenset[str]
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of one mutation.

    Attributes:
        mutation: Its name.
        changed: The targets that changed, by the oracle.
        oracle_seconds: The time of the oracle.
        reports: What each tool reported.
        reasons: The reason of `affected` for each changed path.
    """

    mutation: str
    changed: frozenset[str]
    oracle_seconds: float
    reports: tuple[Report, ...]
    reasons: tuple[str, ...]

    def missed(self, tool: str) -> frozenset[str]:
        """Return the targets that changed and that the tool did not report."""
        return self.changed - self.report(tool).reported

    def unneeded(self, tool: str) -> frozenset[str]:
        """Return the targets that the tool reported and that did not change."""
        return self.report(tool).reported - self.changed

    def report(self, tool: str) -> Report:
        """Return the report of a tool."""
        return next(report for report in self.reports if report.tool == tool)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Workspace:
    """A workspace in a git repository, and its state before every mutation.

    Attributes:
        bazel: Runs commands in the workspace.
        weights: The mutations to draw from.
        oracle: Computes the digests of targets.
        digests: Those before a mutation.
        loaded: The graph before a mutation, for the baselines; None if they do not run.
        rules: The seed rules that `affected` uses.
    """

    bazel: Bazel
    weights: mutations.Weights
    oracle: Oracle
    digests: Digests
    loaded: baselines.LoadedGraph | None
    rules: Sequence[SeedRule] = seeds.RULES

    @classmethod
    def read(
        cls,
        bazel: Bazel,
        weights: mutations.Weights,
        *,
        with_baselines: bool,
        rules: Sequence[SeedRule] = seeds.RULES,
    ) -> "Workspace":
        """Read the state of the workspace before a mutation."""
        oracle = Oracle(bazel=bazel)
        return cls(
            bazel=bazel,
            weights=weights,
            oracle=oracle,
            loaded=baselines.LoadedGraph.read(bazel, oracle.contents) if with_baselines else None,
            digests=oracle.digests(),
            rules=rules,
        )

    def run_all(self, count: int, seed: int) -> Iterator[Outcome]:
        """Run `count` random mutations, each from the same state."""
        generator = random.Random(seed)  # noqa: S311 - repeatable choices, no secrets
        for mutation in mutations.draw(self.weights, generator, count):
            yield self.run(mutation, generator)

    def run(self, mutation: mutations.Mutation, generator: random.Random) -> Outcome:
        """Run one mutation, compare the reports with the oracle, and undo it.

        Raises:
            AffectedError: The mutated workspace cannot be analysed.
        """
        with self._restored():
            mutation(mutations.Editor(self.bazel.workspace, generator))
            try:
                return self._outcome(mutation.__name__)
            except BazelFailedError as error:
                message = f"the workspace cannot be analysed after {mutation.__name__}: {error}"
                raise AffectedError(message) from error

    def _outcome(self, name: str) -> Outcome:
        range_ = Range.resolve(Repository(self.bazel.workspace), base="HEAD", head=WORKTREE)
        snapshots = Snapshots(range=range_, local=self.bazel, head=self.bazel)
        result, seconds = _timed(lambda: affected_targets(range_, snapshots, self.rules))
        after, oracle_seconds = _timed(self.oracle.digests)
        known = frozenset(after)
        reports = [Report(tool="affected", reported=known & set(result.targets), seconds=seconds)]
        if self.loaded is not None:
            reports += self._baseline_reports(self.loaded, range_, known)
        return Outcome(
            mutation=name,
            changed=frozenset(changed_targets(self.digests, after)),
            oracle_seconds=oracle_seconds,
            reports=tuple(reports),
            reasons=_reasons(result),
        )

    def _baseline_reports(self, before: baselines.LoadedGraph, range_: Range, known: frozenset[str]) -> list[Report]:
        changes = range_.changes()
        after, loading = _timed(lambda: baselines.LoadedGraph.read(self.bazel, self.oracle.contents))
        tools = {
            "rdeps of changed files": lambda: baselines.plain_rdeps(changes, after),
            "everything on build files": lambda: baselines.everything_on_definitions(changes, after),
            "target hashes": lambda: baselines.target_hashes(before, after),
        }
        timed = {tool: _timed(run) for tool, run in tools.items()}
        return [
            Report(tool=tool, reported=known & labels, seconds=seconds + loading)
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
    """Run git in a temporary workspace."""
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.monotonic()
    return call(), time.monotonic() - started


def _reasons(result: AffectedResult) -> tuple[str, ...]:
    return tuple(f"{impact.path}: {impact.reason}" for impact in result.impacts)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Score:
    """The score of a tool over all mutations.

    Attributes:
        tool: Its name.
        missed: The number of changed targets that it did not report.
        precision: The share of reported targets that changed.
        seconds: The median time for one mutation.
    """

    tool: str
    missed: int
    precision: float
    seconds: float

    @classmethod
    def of(cls, tool: str, outcomes: Sequence[Outcome]) -> "Score":
        """Return the score of a tool."""
        reported = sum(len(outcome.report(tool).reported) for outcome in outcomes)
        correct = sum(len(outcome.report(tool).reported & outcome.changed) for outcome in outcomes)
        times = sorted(outcome.report(tool).seconds for outcome in outcomes)
        return cls(
            tool=tool,
            missed=sum(len(outcome.missed(tool)) for outcome in outcomes),
            precision=correct / reported if reported else 1.0,
            seconds=times[len(times) // 2],
        )


def scores(outcomes: Sequence[Outcome]) -> list[Score]:
    """Return the score of every tool."""
    return [Score.of(report.tool, outcomes) for report in outcomes[0].reports]
