"""What really changed: a digest for each target over its actions, its files and the content of all that they read.

`bazel aquery` tells the actions: a target's digest covers, for every action of it in every configuration,
the action's key (command, environment, execution requirements) and the digests of its inputs. `bazel cquery`
tells what a target hands on without an action: its files and its runfiles. An input or a file counts with the
content of a source file, or with the digest of the action that makes it.
"""

import collections
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tools.affected.bazel import Bazel

_QUIET = ("--color=no", "--curses=no", "--noshow_progress")
# The action's key covers the command and what it writes; a hundred megabytes of them would say no more.
_ACTIONS = (*_QUIET, "--output=jsonproto", "--noinclude_commandline")
# Its key covers the names of all repositories, what it writes only those that a program carries.
_MANIFEST = "RepoMappingManifest"
_MANIFESTS = ("--noinclude_artifacts", "--include_file_write_contents", f'mnemonic("^{_MANIFEST}$", deps(//...))')
# A suite is a name for tests, and of the targets that a build leaves out Bazel knows only those that it met before.
_LEFT_OUT = r"attr(tags, '\bmanual\b', //...)"
_EVERY_RULE = f"kind(rule, //...) except kind(test_suite, //...) except {_LEFT_OUT}"
# Nobody asks for the archives that every Python program could be packed in, and their keys take longer than all others.
_EVERY_ACTION = f'mnemonic("^(?!PythonZipper$).*", deps(//... except {_LEFT_OUT}))'
# The runfiles of a program are the inputs of an action, its middleman's, so that they need not be told again.
_HANDED_ON = """
def format(target):
    found = {file.path: None for file in target.files.to_list()}
    if not (target.files_to_run and target.files_to_run.executable):
        for runfiles in (target.default_runfiles, target.data_runfiles):
            if runfiles:
                found.update({file.path: None for file in runfiles.files.to_list()})
                found.update({"%s=%s" % (one.path, one.target_file.path): None for one in runfiles.symlinks.to_list()})
    return "\\t".join([str(target.label)] + list(found))
"""
Digests = Mapping[str, str]
"""Digests by label, for the rules of this repository that have actions or files."""


class Contents:
    """The digests of files, each computed again only when the file is another than it was."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...], int]] = {}

    def digest(self, path: str) -> int:
        """Return the digest of a file with its mode, or of all files of a folder; a missing one has one too."""
        try:
            status = os.stat(path)  # noqa: PTH116 - forty thousand at a time
        except OSError:
            return _digest("missing")
        seen = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode)
        known = self._known.get(path)
        if known is not None and known[0] == seen:
            return known[1]
        file = pathlib.Path(path)
        if file.is_dir():
            below = sorted(one for one in file.rglob("*") if one.is_file())
            return _digest(*(f"{one.relative_to(file)}={self.digest(str(one))}" for one in below))
        made = _digest(str(status.st_mode & 0o111), file.read_bytes())
        self._known[path] = (seen, made)
        return made


@dataclasses.dataclass(frozen=True, kw_only=True)
class Truth:
    """Tells the digests of one workspace, again and again."""

    bazel: Bazel
    contents: Contents = dataclasses.field(default_factory=Contents)
    manifests: dict[str, int] = dataclasses.field(default_factory=dict)

    def digests(self) -> Digests:
        """Return the digests of every target as the workspace is now.

        Raises:
            BazelFailedError: the workspace cannot be analysed.
        """
        answer = json.loads(self.bazel.run("aquery", *_ACTIONS, _EVERY_ACTION))
        self._read_manifests(answer.get("actions", ()))
        actions = ActionGraph(answer=answer, content=self._content)
        parts = collections.defaultdict(list)
        for label, digest in actions.by_label():
            parts[label].append(digest)
        for label, paths in self._handed_on():
            parts[label].append(_digest("files", str(_sum(map(actions.file, paths)))))
        return {label: f"{_digest(*map(str, sorted(found))):x}" for label, found in parts.items()}

    def _read_manifests(self, actions: Iterable[dict[str, Any]]) -> None:
        """Give the actions that write down names of repositories what they write for their key."""
        writing = [action for action in actions if action["mnemonic"] == _MANIFEST]
        if any(action["actionKey"] not in self.manifests for action in writing):
            answer = json.loads(self.bazel.run("aquery", *_ACTIONS, *_MANIFESTS))
            found = {action["actionKey"]: _digest(action["fileContents"]) for action in answer["actions"]}
            self.manifests.update(found)
        for action in writing:
            action["actionKey"] = str(self.manifests[action["actionKey"]])

    def _handed_on(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the rules that a build makes, one configuration at a time, each with its files and runfiles."""
        with tempfile.NamedTemporaryFile("w", suffix=".cquery") as file:
            file.write(_HANDED_ON)
            file.flush()
            form = ("--output=starlark", f"--starlark:file={file.name}")
            answer = self.bazel.run("cquery", *_QUIET, *form, _EVERY_RULE)
        for line in os.fsdecode(answer).splitlines():
            label, *paths = line.split("\t")
            if label.startswith("@@//"):
                yield label.removeprefix("@@"), paths

    @functools.cached_property
    def _output_base(self) -> str:
        return os.fsdecode(self.bazel.run("info", "--noshow_progress", "output_base")).strip()

    def _content(self, path: str) -> int:
        """Digest a source; our own are read in the workspace, since Bazel links them only when it builds."""
        folder = self._output_base if path.startswith("external/") else self.bazel.workspace
        return self.contents.digest(f"{folder}/{path}")


class ActionGraph:
    """One answer of aquery; what it has digested is remembered as long as it lives."""

    def __init__(self, *, answer: Mapping[str, Any], content: Callable[[str], int]) -> None:
        self._answer = answer
        self._content = content
        self._actions = list(answer.get("actions", ()))
        self._maker = {made: number for number, action in enumerate(self._actions) for made in action["outputIds"]}
        self._fragments = {fragment["id"]: fragment for fragment in answer.get("pathFragments", ())}
        self._sets = {found["id"]: found for found in answer.get("depSetOfFiles", ())}
        self._path = functools.cache(self._compute_path)
        self._members = functools.cache(self._compute_members)
        self._inputs = functools.cache(self._compute_inputs)
        self._action = functools.cache(self._compute_action)
        self._artifact = functools.cache(self._compute_artifact)
        self.file = functools.cache(self._compute_file)
        self._paths = {one["id"]: self._path(one["pathFragmentId"]) for one in answer.get("artifacts", ())}
        self._numbers = {path: number for number, path in self._paths.items()}

    def by_label(self) -> Iterator[tuple[str, int]]:
        """Yield the digest of each action with the target of this repository that has it.

        What an aspect does with a target is done for who asks for the aspect, and is seen there as an input.
        """
        labels = {target["id"]: target["label"] for target in self._answer.get("targets", ())}
        for number, action in enumerate(self._actions):
            label = labels[action["targetId"]]
            if label.startswith("//") and not action.get("aspectDescriptorIds"):
                yield label, self._action(number)

    def _compute_file(self, path: str) -> int:
        """Digest a file by its path, made or not; `link=path` is a link to it."""
        number = self._numbers.get(path)
        if number is not None:
            return self._artifact(number)
        return _digest(path, str(self.file(path.partition("=")[2]) if "=" in path else self._content(path)))

    def _compute_path(self, fragment: int) -> str:
        found = self._fragments[fragment]
        parent = found.get("parentId", 0)
        return f"{self._path(parent)}/{found['label']}" if parent else str(found["label"])

    def _compute_members(self, depset: int) -> frozenset[int]:
        found = self._sets[depset]
        below = map(self._members, found.get("transitiveDepSetIds", ()))
        return frozenset(found.get("directArtifactIds", ())).union(*below)

    def _compute_inputs(self, depsets: tuple[int, ...]) -> int:
        return _sum(map(self._artifact, frozenset().union(*map(self._members, depsets))))

    def _compute_action(self, number: int) -> int:
        action = self._actions[number]
        inputs = self._inputs(tuple(action.get("inputDepSetIds", ())))
        return _digest(action["mnemonic"], action["actionKey"], str(inputs))

    def _compute_artifact(self, number: int) -> int:
        maker, path = self._maker.get(number), self._paths[number]
        return _digest(path, str(self._action(maker) if maker is not None else self._content(path)))


def _digest(*parts: str | bytes) -> int:
    told = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode(errors="surrogateescape")
        told.update(len(data).to_bytes(8, "big") + data)
    return int.from_bytes(told.digest(), "big")


def _sum(digests: Iterable[int]) -> int:
    """Digest a set: a sum has no order, and costs a tenth of sorting what is thousands of files."""
    return sum(digests) % 2**256


def changed(before: Digests, after: Digests) -> set[str]:
    """Return the targets that would act otherwise, and those that are new."""
    return {label for label, digest in after.items() if before.get(label) != digest}
