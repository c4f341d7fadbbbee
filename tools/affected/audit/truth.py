"""What really changed: a digest for each target over its actions and the content of all that they read.

`bazel aquery` tells the actions. A target's digest covers, for every action of it in every configuration,
the action's key (command, environment, execution requirements) and the digests of its inputs: the content
of a source file, or the digest of the action that makes the file. A target without actions has none.
"""

import collections
import dataclasses
import functools
import hashlib
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from tools.affected.bazel import Bazel

_OPTIONS = (
    "--color=no",
    "--curses=no",
    "--noshow_progress",
    "--output=jsonproto",
    # The action's key covers the command and what it writes; a hundred megabytes of them would say no more.
    "--noinclude_commandline",
)
Digests = Mapping[str, str]
"""Digests by label, for every target of this repository that has actions."""


def digests(bazel: Bazel) -> Digests:
    """Return the digests of every target as the workspace is now.

    Raises:
        BazelFailedError: the workspace cannot be analysed.
    """
    answer = json.loads(bazel.run("aquery", *_OPTIONS, "deps(//...)"))
    root = pathlib.Path(bazel.run("info", "--noshow_progress", "execution_root").decode().strip())
    return ActionGraph(answer=answer, execroot=root, workspace=bazel.workspace).by_label()


@dataclasses.dataclass(frozen=True, eq=False)
class ActionGraph:
    """One answer of aquery, and where its files are."""

    answer: Mapping[str, Any]
    execroot: pathlib.Path
    workspace: pathlib.Path

    def by_label(self) -> Digests:
        """Return the digest of each target of this repository."""
        labels = {target["id"]: target["label"] for target in self.answer.get("targets", ())}
        parts = collections.defaultdict(list)
        for number, action in enumerate(self._actions):
            label = labels[action["targetId"]]
            if label.startswith("//"):
                parts[label].append(self._action(number))
        return {label: _digest(*sorted(found)) for label, found in parts.items()}

    @functools.cached_property
    def _actions(self) -> list[Mapping[str, Any]]:
        return list(self.answer.get("actions", ()))

    @functools.cached_property
    def _maker(self) -> dict[int, int]:
        """Say which action makes an artifact."""
        return {artifact: number for number, action in enumerate(self._actions) for artifact in action["outputIds"]}

    @functools.cached_property
    def _fragments(self) -> dict[int, Mapping[str, Any]]:
        return {fragment["id"]: fragment for fragment in self.answer.get("pathFragments", ())}

    @functools.cached_property
    def _paths(self) -> dict[int, str]:
        return {one["id"]: self._path(one["pathFragmentId"]) for one in self.answer.get("artifacts", ())}

    def _path(self, fragment: int) -> str:
        parts = []
        while fragment:
            parts.append(self._fragments[fragment]["label"])
            fragment = self._fragments[fragment].get("parentId", 0)
        return "/".join(reversed(parts))

    @functools.cached_property
    def _sets(self) -> dict[int, Mapping[str, Any]]:
        return {found["id"]: found for found in self.answer.get("depSetOfFiles", ())}

    @functools.cache  # noqa: B019 - lives as long as its answer
    def _set(self, number: int) -> frozenset[int]:
        found = self._sets[number]
        below = (self._set(one) for one in found.get("transitiveDepSetIds", ()))
        return frozenset(found.get("directArtifactIds", ())).union(*below)

    @functools.cache  # noqa: B019
    def _action(self, number: int) -> str:
        action = self._actions[number]
        inputs = frozenset().union(*(self._set(one) for one in action.get("inputDepSetIds", ())))
        read = sorted(f"{self._paths[one]}={self._artifact(one)}" for one in inputs)
        return _digest(action["mnemonic"], action["actionKey"], *read)

    @functools.cache  # noqa: B019
    def _artifact(self, number: int) -> str:
        maker = self._maker.get(number)
        return self._action(maker) if maker is not None else self._content(self._paths[number])

    def _content(self, path: str) -> str:
        """Digest a source; our own are read in the workspace, since Bazel links them only when it builds."""
        folder = self.execroot.parent.parent if path.startswith("external/") else self.workspace
        file = folder / path
        if file.is_dir():
            below = sorted(one for one in file.rglob("*") if one.is_file())
            return _digest(*(f"{one.relative_to(file)}={_digest(one.read_bytes())}" for one in below))
        return _digest(file.read_bytes()) if file.is_file() else "missing"


def _digest(*parts: str | bytes) -> str:
    told = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        told.update(len(data).to_bytes(8, "big") + data)
    return told.hexdigest()


def changed(before: Digests, after: Digests) -> set[str]:
    """Return the targets that would act otherwise, and those that are new."""
    return {label for label, digest in after.items() if before.get(label) != digest}
