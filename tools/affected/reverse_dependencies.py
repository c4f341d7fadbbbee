"""From seeds to their reverse dependencies, by one query."""

import dataclasses
import re
from collections.abc import Iterable, Mapping

from tools.affected import edges, graph
from tools.affected.bazel import Bazel
from tools.affected.edges import NO_FILTER, WHOLE_TARGET, Attributes, DependencyGraph, Node
from tools.affected.graph import Target, package_of
from tools.affected.impact import ChangeImpact


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReverseDependencies:
    """The reverse dependencies of the seeds.

    Attributes:
        targets: Affected rules of this repository, by label.
        source_files: The labels of changed files that a target references.
        predecessors: For each node the one before it on a shortest path from a seed; None for a seed.
    """

    targets: Mapping[str, Target]
    source_files: frozenset[str]
    predecessors: Mapping[Node, Node | None]

    def path_to(self, label: str) -> list[str]:
        """Return the labels from a seed to a target, both included."""
        path = []
        node: Node | None = (label, NO_FILTER)
        while node is not None:
            path.append(node[0])
            node = self.predecessors.get(node)
        return path[::-1]


def rdeps_expression(seeds: Iterable[str], file_labels: Iterable[str]) -> str:
    """Return the query for the reverse dependencies of targets and of those files that a target references."""
    files = sorted(set(file_labels))
    parts = sorted(set(seeds))
    if files:
        # A label of a file that no target references is an error in a query; a filter over its package is not.
        pattern = "|".join(re.sub(r"[^\w/:@-]", ".", label) for label in files)
        packages = " + ".join(f'"//{package}:*"' for package in sorted({package_of(label) for label in files}))
        parts.append(f'filter("^({pattern})$", {packages})')
    return f"rdeps(//..., {' + '.join(parts)})"


def find_reverse_dependencies(bazel: Bazel, impacts: Iterable[ChangeImpact]) -> ReverseDependencies:
    """Query the reverse dependencies of the seeds of these impacts.

    Raises:
        BazelFailedError: The head's graph cannot be loaded.
    """
    given = list(impacts)
    labels = [label for impact in given for label in impact.seeds]
    files = [label for impact in given for label in impact.file_labels]
    if not labels and not files:
        return ReverseDependencies(targets={}, source_files=frozenset(), predecessors={})
    output = bazel.query(rdeps_expression(labels, files), *edges.QUERY_OPTIONS)
    dependency_graph = DependencyGraph(output)
    dependencies = dependency_graph.dependencies
    present = {entry["sourceFile"]["name"] for entry in output if entry["type"] == "SOURCE_FILE"}
    source_files = _referenced(files, present, dependencies.values())
    changed = changed_attributes(given)
    redefined = {label for label in labels if label in dependencies} | _external_seeds(labels, dependencies)
    seeds = {label: changed.get(label, WHOLE_TARGET) for label in redefined | source_files}
    predecessors = dependency_graph.search(seeds, redefined=[label for label in redefined if not seeds[label]])
    rules = graph.rules(output)
    targets = {label: target for label, target in rules.items() if (label, NO_FILTER) in predecessors}
    return ReverseDependencies(targets=targets, source_files=frozenset(source_files), predecessors=predecessors)


def changed_attributes(impacts: Iterable[ChangeImpact]) -> dict[str, Attributes]:
    """Return the seeds of which, by all impacts together, only some attributes changed."""
    found: dict[str, Attributes] = {}
    whole: set[str] = set()
    for impact in impacts:
        for label in (*impact.seeds, *impact.file_labels):
            attributes = impact.changed_attributes.get(label, WHOLE_TARGET)
            if attributes:
                found[label] = found.get(label, frozenset()) | attributes
            else:
                whole.add(label)
    return {label: attributes for label, attributes in found.items() if label not in whole}


def _referenced(files: Iterable[str], present: set[str], dependencies: Iterable[Iterable[str]]) -> set[str]:
    """Return the files that a target references; `"//package:*"` also contains BUILD files that no target does."""
    referenced = {label for labels in dependencies for label in labels}
    return {label for label in files if label in present and label in referenced}


def _external_seeds(labels: Iterable[str], dependencies: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the seeds in other repositories by the names under which the query prints them."""
    external = {label for label in labels if label.startswith("@")}
    if not external:
        return set()
    referenced = {label for below in dependencies.values() for label in below}
    printed = referenced | set(dependencies)
    return {label for label in printed if any(is_same_target(label, seed) for seed in external)}


def is_same_target(label: str, seed: str) -> bool:
    """Return whether a seed (`@pip//x:all`) includes a canonical label (`@@_main~pip~pip//x:pkg`)."""
    repository, _, rest = label.removeprefix("@@").removeprefix("@").partition("//")
    package = rest.partition(":")[0]
    seed_repository, _, target = seed.removeprefix("@").partition("//")
    same_repository = re.split(r"[~+]", repository)[-1] == seed_repository
    return same_repository and (target in {"...", rest} or seed.endswith(f"//{package}:all"))
