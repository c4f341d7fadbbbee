"""Edges of the dependency graph, and which changed files they propagate.

An edge propagates every change, with one exception. A rule may read its `deps`, and their `deps` recursively, through
an aspect that reads only some attributes of each target. If the rule has no dependencies but `deps` and provides only
what that aspect found, it can declare the attributes that the aspect does not read:

    "_affected_unseen": attr.string_list(default = ["data"])

A change of the content of a file or target that targets of this repository reference by `data` is then not propagated
to that rule. The attribute is private: the rule that applies the aspect declares it, and no target can set it.
Everything that a target references by attributes other than `deps`, `srcs` and `data`, and every edge of another
repository, propagates.

The filter applies to content only. Each program contains the repository mappings of all repositories below it,
by all attributes, so a target whose definition changed affects all of its reverse dependencies.
"""

import collections
import dataclasses
import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

_UNREAD_ATTRIBUTE = "$affected_unseen"
_STARLARK_HASH = "$rule_implementation_hash"
_FOLLOWED = "deps"
FILTERABLE = frozenset({"data", "srcs"})
"""The attributes that a rule can declare as not read."""

QUERY_OPTIONS = (
    f"--proto:output_rule_attrs={','.join(('tags', _FOLLOWED, *sorted(FILTERABLE), _UNREAD_ATTRIBUTE))}",
    "--noproto:locations",
)
"""Options of `bazel query` that print the attributes `DependencyGraph` reads."""

Attributes = frozenset[str]
"""Names of attributes."""

EdgeFilter = Attributes
"""The attributes whose edges are not followed."""

NO_FILTER: EdgeFilter = frozenset()
"""The filter that follows every edge."""

WHOLE_TARGET: Attributes = frozenset()
"""Stands for the changed attributes of a target if they are not known to be lists of files only."""

Node = tuple[str, EdgeFilter]
"""A label, with the filter through which a reverse dependency reads it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RuleNode:
    """A rule as Bazel prints it, with the attributes that its aspect does not read."""

    rule: Mapping[str, Any]
    unread: EdgeFilter

    @classmethod
    def from_query(cls, rule: Mapping[str, Any]) -> Self:
        """Read the filter that a rule declares."""
        declared = (one for one in rule.get("attribute", ()) if one["name"] == _UNREAD_ATTRIBUTE)
        return cls(rule=rule, unread=frozenset(next(map(_values, declared), ())))

    @property
    def dependencies(self) -> Sequence[str]:
        """Return the labels that the rule references: once for its attributes, and once more for each aspect."""
        labels: Sequence[str] = self.rule.get("ruleInput", ())
        return labels

    def filter_below(self, dependency: str, edge_filter: EdgeFilter) -> EdgeFilter | None:
        """Return the filter for a dependency when this rule is read through `edge_filter`.

        None means that the edge is not followed.
        """
        if not edge_filter and not self.unread:
            return NO_FILTER
        if self._is_alias:
            return edge_filter
        if self.dependencies.count(dependency) > 1 or self._references(dependency, FILTERABLE - edge_filter):
            return NO_FILTER
        if self._references(dependency, {_FOLLOWED}):
            return edge_filter or self.unread
        return None if self._references(dependency, edge_filter) else NO_FILTER

    def _references(self, dependency: str, attributes: Iterable[str]) -> bool:
        return any(dependency in self._labels.get(attribute, ()) for attribute in attributes)

    @functools.cached_property
    def _labels(self) -> Mapping[str, Sequence[str]]:
        return {one["name"]: _values(one) for one in self.rule.get("attribute", ())}

    @property
    def _is_alias(self) -> bool:
        return self.rule["ruleClass"] == "alias" and _STARLARK_HASH not in self._labels


def _values(attribute: Mapping[str, Any]) -> Sequence[str]:
    """Return the strings of an attribute; none if it is of a type that aspects do not follow."""
    several: Sequence[str] = attribute.get("stringListValue", ())
    return [attribute["stringValue"]] if attribute.get("stringValue") else several


class DependencyGraph:
    """The targets and edges in the output of one query."""

    def __init__(self, output: Iterable[Mapping[str, Any]]) -> None:
        entries = list(output)
        self._rules = {
            entry["rule"]["name"]: RuleNode.from_query(entry["rule"]) for entry in entries if entry["type"] == "RULE"
        }
        self.dependencies = {label: rule.dependencies for label, rule in self._rules.items()} | {
            entry["generatedFile"]["name"]: (entry["generatedFile"]["generatingRule"],)
            for entry in entries
            if entry["type"] == "GENERATED_FILE"
        }
        self._filters = sorted({NO_FILTER, *(rule.unread for rule in self._rules.values())}, key=sorted)
        self._users = collections.defaultdict(set)
        for label, dependencies in self.dependencies.items():
            for dependency in dependencies:
                self._users[dependency].add(label)

    def search(self, seeds: Mapping[str, Attributes], redefined: Iterable[str] = ()) -> dict[Node, Node | None]:
        """Search the reverse dependencies of the seeds breadth first; return each node with its predecessor.

        Args:
            seeds: Labels with their changed attributes. A seed of which only some attributes changed is not changed
                for nodes that do not read those. A label in the output of the query that is no reverse dependency of
                a seed by these edges is a seed too.
            redefined: Labels whose definition changed. Edges of their reverse dependencies are not filtered, because
                other repositories may be below them than before.

        Returns:
            Predecessors on a shortest path from a seed; None for a seed.
        """
        unfiltered = self._with_users(redefined)
        all_seeds = dict.fromkeys(self.dependencies.keys() - self._with_users(seeds), WHOLE_TARGET) | dict(seeds)
        predecessors: dict[Node, Node | None] = {
            (label, edge_filter): None
            for label, changed in sorted(all_seeds.items())
            for edge_filter in self._filters
            if not changed or not changed <= edge_filter
        }
        queue = collections.deque(predecessors)
        while queue:
            node = queue.popleft()
            label, edge_filter = node
            users = sorted(self._users[label])
            candidates = [user for user in itertools.product(users, self._filters) if user not in predecessors]
            affected = [
                user for user in candidates if label in unfiltered or self._filter_below(user, label) == edge_filter
            ]
            predecessors |= dict.fromkeys(affected, node)
            queue += affected
        return predecessors

    def _with_users(self, labels: Iterable[str]) -> set[str]:
        """Return labels and all of their reverse dependencies, without filters."""
        found = set(labels)
        queue = list(found)
        while queue:
            new = self._users[queue.pop()] - found
            found |= new
            queue += new
        return found

    def _filter_below(self, user: Node, dependency: str) -> EdgeFilter | None:
        label, edge_filter = user
        rule = self._rules.get(label) if label.startswith("//") else None
        return rule.filter_below(dependency, edge_filter) if rule else NO_FILTER
