"""Simpler methods to find affected targets, for comparison: each returns the labels for the same changes."""

import collections
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from tools.affected import graph
from tools.affected.audit.oracle import Contents
from tools.affected.bazel import Bazel
from tools.affected.changes import Change
from tools.affected.graph import Target

_DEFINITIONS = (".bzl", ".bazel", ".bazelrc", ".bazelversion", "_lock.txt", "lock.json")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoadedGraph:
    """The graph below `//...`, with a digest of every source file."""

    rules: Mapping[str, Target]
    files: Mapping[str, str]

    @classmethod
    def read(cls, bazel: Bazel, contents: Contents) -> "LoadedGraph":
        """Load the graph by one query, and read the files that changed since the last time."""
        output = bazel.query("deps(//...)", "--noproto:flatten_selects")
        printed = [entry["rule"] for entry in output if entry["type"] == "RULE"]
        rules = {
            rule["name"]: dataclasses.replace(Target.from_query(rule), digest=graph.digest(rule)) for rule in printed
        }
        sources = [entry["sourceFile"] for entry in output if entry["type"] == "SOURCE_FILE"]
        return cls(rules=rules, files={one["name"]: _content(one, contents) for one in sources})

    @property
    def own(self) -> set[str]:
        """Return the labels of this repository's rules."""
        return {label for label in self.rules if label.startswith("//")}


def _content(source: Mapping[str, Any], contents: Contents) -> str:
    return f"{contents.digest(str(source['location']).rsplit(':', 2)[0]):x}"


def plain_rdeps(changes: Sequence[Change], after: LoadedGraph) -> set[str]:
    """Return the reverse dependencies of changed files, as scripts around `bazel query rdeps` do."""
    users = collections.defaultdict(set)
    for label, target in after.rules.items():
        for one in target.dependencies:
            users[one].add(label)
    paths = {change.path for change in changes}
    queue = [label for label in after.files if label.removeprefix("//").replace(":", "/").lstrip("/") in paths]
    found: set[str] = set()
    while queue:
        new = users[queue.pop()] - found
        found |= new
        queue += new
    return found & after.own


def everything_on_definitions(changes: Sequence[Change], after: LoadedGraph) -> set[str]:
    """Return all targets if a file that defines targets changed, else the reverse dependencies of changed files."""
    if any(change.path.endswith(_DEFINITIONS) for change in changes):
        return after.own
    return plain_rdeps(changes, after)


def target_hashes(before: LoadedGraph, after: LoadedGraph) -> set[str]:
    """Return the targets whose hash changed, over attributes, files and dependencies, as bazel-diff does."""
    old, new = _Hashes(before), _Hashes(after)
    return {label for label in after.own if label not in before.rules or old.of(label) != new.of(label)}


class _Hashes:
    """Hashes of targets, each over all of its dependencies."""

    def __init__(self, loaded: LoadedGraph) -> None:
        self.loaded = loaded
        self.known: dict[str, str] = {}

    def of(self, label: str) -> str:
        """Return the hash of a target or file."""
        if label not in self.known:
            self.known[label] = "cycle"
            self.known[label] = self._compute(label)
        return self.known[label]

    def _compute(self, label: str) -> str:
        target = self.loaded.rules.get(label)
        if target is None:
            return self.loaded.files.get(label, label)
        parts = [target.digest, *target.visibility, *(self.of(one) for one in sorted(target.dependencies))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()
