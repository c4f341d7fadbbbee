"""The affected targets of a range, with the reason for each."""

import dataclasses
from collections.abc import Mapping, Sequence

from tools.affected import graph, seeds
from tools.affected.bazel import Bazel
from tools.affected.changes import Range
from tools.affected.context import AnalysisContext
from tools.affected.edges import NO_FILTER
from tools.affected.errors import BazelFailedError
from tools.affected.graph import Target
from tools.affected.impact import ChangeImpact, Scope, affects_all
from tools.affected.reverse_dependencies import ReverseDependencies, find_reverse_dependencies
from tools.affected.seeds.rule import SeedRule
from tools.affected.snapshots import Snapshots

# Bazel selects these by type and constraints, so the graph has no edge to them.
_RESOLVED_RULES = frozenset({"platform", "toolchain"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class AffectedResult:
    """The affected targets of a range.

    Attributes:
        range: The two revisions.
        bazel: Runs commands on the head.
        scope: How many targets are affected.
        impacts: One for each changed path.
        targets: The affected targets by label. With scope `all` these are all targets, or none if the graph cannot be
            loaded.
        reverse_dependencies: How each target was reached; None with scope `all`.
    """

    range: Range
    bazel: Bazel
    scope: Scope
    impacts: tuple[ChangeImpact, ...]
    targets: Mapping[str, Target]
    reverse_dependencies: ReverseDependencies | None = None

    def of_kind(self, kind: str) -> list[Target]:
        """Return the targets of a kind, sorted by label, without manual tests."""
        selected = (target for target in self.targets.values() if kind in target.kinds)
        return sorted((one for one in selected if kind != "test" or not one.is_manual), key=lambda one: one.label)

    def dependency_path(self, label: str) -> list[str]:
        """Return the steps from a changed path to a target: path, seed, ..., target; empty if it is not affected."""
        if self.reverse_dependencies is None or label not in self.targets:
            return []
        if (label, NO_FILTER) not in self.reverse_dependencies.predecessors:
            return next([one.path, *one.affected[label]] for one in self.impacts if label in one.affected)
        labels = self.reverse_dependencies.path_to(label)
        return [*self._steps_to_seed(labels[0]), *labels]

    def _steps_to_seed(self, seed: str) -> list[str]:
        """Return the path that a seed comes from, and the steps between the two."""
        for impact in self.impacts:
            if seed in impact.seeds or seed in impact.file_labels:
                return [impact.path, *impact.steps_to_seed.get(seed, ())]
        return [next((impact.path for impact in self.impacts if impact.seeds), "")]


def affected_targets(range_: Range, snapshots: Snapshots, rules: Sequence[SeedRule] = seeds.RULES) -> AffectedResult:
    """Return the targets that a range affects.

    Args:
        range_: The two revisions.
        snapshots: The graphs of both.
        rules: Find the seeds of a changed path; the first that applies to a path is used.
    """
    changes, bazel = tuple(range_.changes()), snapshots.head
    context = AnalysisContext(range=range_, changes=changes, bazel=bazel, snapshots=snapshots)
    impacts = []
    for change in changes:
        impact = seeds.impact(change, context, rules)
        labels = context.file_labels(change.path) if impact.scope is not Scope.ALL else ()
        impacts.append(dataclasses.replace(impact, file_labels=(*impact.file_labels, *labels)))
    return _combined(range_, bazel, tuple(impacts))


def _combined(range_: Range, bazel: Bazel, impacts: tuple[ChangeImpact, ...]) -> AffectedResult:
    if any(impact.scope is Scope.ALL for impact in impacts):
        return _all_targets(range_, bazel, impacts)
    try:
        found = find_reverse_dependencies(bazel, impacts)
    except BazelFailedError as error:
        reason = f"the head's graph cannot be loaded: {error}"
        return _all_targets(range_, bazel, (*impacts, affects_all(".", reason)))
    found = dataclasses.replace(found, targets={**_configured_targets(bazel, impacts), **found.targets})
    resolved = next((target for target in found.targets.values() if target.rule in _RESOLVED_RULES), None)
    if resolved is not None:
        reason = f"{resolved.label} is a {resolved.rule}, which any target may use"
        return _all_targets(range_, bazel, (*impacts, affects_all(".", reason)))
    return AffectedResult(
        range=range_,
        bazel=bazel,
        scope=Scope.SOME if found.targets else Scope.NONE,
        impacts=tuple(_with_source_files(impact, found) for impact in impacts),
        targets=found.targets,
        reverse_dependencies=found,
    )


def _configured_targets(bazel: Bazel, impacts: tuple[ChangeImpact, ...]) -> dict[str, Target]:
    """Return the targets that are affected in one of their configurations; no query adds their reverse dependencies."""
    affected = {label for impact in impacts for label in impact.affected}
    if not affected:
        return {}
    found = graph.rules(bazel.query("//...", "--proto:output_rule_attrs=tags"))
    return {label: target for label, target in found.items() if label in affected}


def _with_source_files(impact: ChangeImpact, found: ReverseDependencies) -> ChangeImpact:
    """Keep the labels of files that a target references, and name the path a source file if there are any."""
    labels = tuple(label for label in impact.file_labels if label in found.source_files)
    if labels and impact.scope is Scope.NONE:
        unused = impact.reason == seeds.UNUSED_FILE
        reason = "is a source file" if unused else f"{impact.reason}; is a source file"
        return dataclasses.replace(impact, scope=Scope.SOME, file_labels=labels, reason=reason)
    return dataclasses.replace(impact, file_labels=labels)


def _all_targets(range_: Range, bazel: Bazel, impacts: tuple[ChangeImpact, ...]) -> AffectedResult:
    try:
        targets = graph.rules(bazel.query("//...", "--proto:output_rule_attrs=tags"))
    except BazelFailedError as error:
        impacts, targets = (*impacts, affects_all(".", f"the head's graph cannot be loaded: {error}")), {}
    return AffectedResult(range=range_, bazel=bazel, scope=Scope.ALL, impacts=impacts, targets=targets)
