"""The answer to one question, whole: scope, reasons and targets."""

import dataclasses
from collections.abc import Mapping

from tools.affected import graph, seeds
from tools.affected.bazel import Bazel
from tools.affected.changes import Change, Range
from tools.affected.errors import BazelFailedError
from tools.affected.graph import Target
from tools.affected.reach import Reached, reach
from tools.affected.scene import Scene
from tools.affected.snapshots import Snapshots
from tools.affected.verdict import Scope, Verdict, everything
from tools.affected.ways import WHOLE

# Bazel chooses them for a target by type and constraints: the graph has no edge to them.
_CHOSEN = frozenset({"platform", "toolchain"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What a range touches.

    `bazel` answers for the head. `verdicts` hold one entry for each changed path. With scope `all` every
    target is in `targets`, unless the graph cannot be loaded.
    """

    range: Range
    bazel: Bazel
    scope: Scope
    verdicts: tuple[Verdict, ...]
    targets: Mapping[str, Target]
    reached: Reached | None = None

    def of_kind(self, kind: str) -> list[Target]:
        """Return the targets of a kind, ordered; tests that run only when named are left out."""
        chosen = (target for target in self.targets.values() if kind in target.kinds)
        return sorted((one for one in chosen if kind != "test" or not one.is_manual), key=lambda one: one.label)

    def chain(self, label: str) -> list[str]:
        """Return the way from a changed path to a target: path, seed, ..., target; empty if there is none."""
        if self.reached is None or label not in self.targets:
            return []
        if (label, WHOLE) not in self.reached.hops:
            return next([one.path, *one.reached[label]] for one in self.verdicts if label in one.reached)
        way = self.reached.chain(label)
        return [*self._cause(way[0]), *way]

    def _cause(self, seed: str) -> list[str]:
        """Return the path that a seed is there for, and what lies between the two."""
        for verdict in self.verdicts:
            if seed in verdict.labels or seed in verdict.files:
                return [verdict.path, *verdict.through.get(seed, ())]
        return [next((verdict.path for verdict in self.verdicts if verdict.labels), "")]


def answer(range_: Range, snapshots: Snapshots) -> Answer:
    """Say what a range touches."""
    changes, bazel = tuple(range_.changes()), snapshots.head
    scene = Scene(range=range_, changes=changes, bazel=bazel, snapshots=snapshots)
    verdicts = []
    for change in changes:
        verdict = seeds.verdict(change, scene)
        verdicts.append(dataclasses.replace(verdict, files=(*verdict.files, *_files(change, verdict, scene))))
    return _conclude(range_, bazel, tuple(verdicts))


def _files(change: Change, verdict: Verdict, scene: Scene) -> tuple[str, ...]:
    return scene.files(change.path) if verdict.scope is not Scope.ALL else ()


def _conclude(range_: Range, bazel: Bazel, verdicts: tuple[Verdict, ...]) -> Answer:
    if any(verdict.scope is Scope.ALL for verdict in verdicts):
        return _all(range_, bazel, verdicts)
    try:
        reached = reach(bazel, verdicts)
    except BazelFailedError as error:
        reason = f"the head's graph cannot be loaded: {error}"
        return _all(range_, bazel, (*verdicts, everything(".", reason)))
    reached = dataclasses.replace(reached, targets={**_configured(bazel, verdicts), **reached.targets})
    chosen = next((target for target in reached.targets.values() if target.rule in _CHOSEN), None)
    if chosen is not None:
        reason = f"{chosen.label} is a {chosen.rule}, which any target may use"
        return _all(range_, bazel, (*verdicts, everything(".", reason)))
    settled = tuple(_settled(verdict, reached) for verdict in verdicts)
    scope = Scope.SOME if reached.targets else Scope.NONE
    return Answer(range=range_, bazel=bazel, scope=scope, verdicts=settled, targets=reached.targets, reached=reached)


def _configured(bazel: Bazel, verdicts: tuple[Verdict, ...]) -> dict[str, Target]:
    """Return the targets that are reached in some configuration, which no query follows further."""
    named = {label for verdict in verdicts for label in verdict.reached}
    if not named:
        return {}
    found = graph.rules(bazel.query("//...", "--proto:output_rule_attrs=tags"))
    return {label: target for label, target in found.items() if label in named}


def _settled(verdict: Verdict, reached: Reached) -> Verdict:
    """Say of a file that a target owns that it is a source."""
    owned = tuple(label for label in verdict.files if label in reached.files)
    if owned and verdict.scope is Scope.NONE:
        reason = (
            "is a source file" if verdict.reason == "belongs to no target" else f"{verdict.reason}; is a source file"
        )
        return dataclasses.replace(verdict, scope=Scope.SOME, files=owned, reason=reason)
    return dataclasses.replace(verdict, files=owned)


def _all(range_: Range, bazel: Bazel, verdicts: tuple[Verdict, ...]) -> Answer:
    try:
        targets = graph.rules(bazel.query("//...", "--proto:output_rule_attrs=tags"))
    except BazelFailedError as error:
        verdicts, targets = (*verdicts, everything(".", f"the head's graph cannot be loaded: {error}")), {}
    return Answer(range=range_, bazel=bazel, scope=Scope.ALL, verdicts=verdicts, targets=targets)
