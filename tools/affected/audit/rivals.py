"""What others do, as a reference: each takes the same changes and answers with labels."""

import collections
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from tools.affected import graph
from tools.affected.audit.truth import Contents
from tools.affected.bazel import Bazel
from tools.affected.changes import Change
from tools.affected.graph import Target

_DEFINITIONS = (".bzl", ".bazel", ".bazelrc", ".bazelversion", "_lock.txt", "lock.json")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loaded:
    """Everything below `//...` as it is parsed, with the content of every source file."""

    rules: Mapping[str, Target]
    files: Mapping[str, str]

    @classmethod
    def of(cls, bazel: Bazel, contents: Contents) -> "Loaded":
        """Load it: one query, and one look at each file that is another than it was."""
        answer = bazel.query("deps(//...)", "--noproto:flatten_selects")
        given = [entry["rule"] for entry in answer if entry["type"] == "RULE"]
        rules = {rule["name"]: dataclasses.replace(Target.of(rule), digest=graph.digest(rule)) for rule in given}
        sources = [entry["sourceFile"] for entry in answer if entry["type"] == "SOURCE_FILE"]
        return cls(rules=rules, files={one["name"]: _content(one, contents) for one in sources})

    @property
    def own(self) -> set[str]:
        """Return the labels of this repository's rules."""
        return {label for label in self.rules if label.startswith("//")}


def _content(source: Mapping[str, Any], contents: Contents) -> str:
    return f"{contents.digest(str(source['location']).rsplit(':', 2)[0]):x}"


def plain_rdeps(changes: Sequence[Change], after: Loaded) -> set[str]:
    """Return what depends on changed files, as scripts around `bazel query rdeps` do."""
    users = collections.defaultdict(set)
    for label, target in after.rules.items():
        for one in target.inputs:
            users[one].add(label)
    paths = {change.path for change in changes}
    waiting = [label for label in after.files if label.removeprefix("//").replace(":", "/").lstrip("/") in paths]
    reached: set[str] = set()
    while waiting:
        fresh = users[waiting.pop()] - reached
        reached |= fresh
        waiting += fresh
    return reached & after.own


def everything_on_definitions(changes: Sequence[Change], after: Loaded) -> set[str]:
    """Return everything when any file that defines targets changed, else what depends on changed files."""
    if any(change.path.endswith(_DEFINITIONS) for change in changes):
        return after.own
    return plain_rdeps(changes, after)


def target_hashes(before: Loaded, after: Loaded) -> set[str]:
    """Return the targets whose hash differs: attributes, files and, in turn, what they depend on."""
    old, new = _Hashes(before), _Hashes(after)
    return {label for label in after.own if label not in before.rules or old.of(label) != new.of(label)}


class _Hashes:
    """Hashes of targets over everything below them."""

    def __init__(self, loaded: Loaded) -> None:
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
        parts = [target.digest, *target.visible_to, *(self.of(one) for one in sorted(target.inputs))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()
