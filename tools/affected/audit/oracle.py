"""The oracle: a digest of each target over its actions, its files, and the content of all of their inputs.

`bazel aquery` prints the actions. A target's digest covers, for each of its actions in each configuration, the action
key (command, environment, execution requirements) and the digests of the inputs. `bazel cquery` prints what a target
provides without an action: its files and its runfiles. The digest of a file is that of its content if it is a source
file, else that of the action that creates it.
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
# The action key covers the command line, whose output would be a hundred megabytes.
_ACTIONS = (*_QUIET, "--output=jsonproto", "--noinclude_commandline")
# The key of this action covers the names of all repositories, its output only the names in the program.
_MANIFEST = "RepoMappingManifest"
_MANIFESTS = ("--noinclude_artifacts", "--include_file_write_contents", f'mnemonic("^{_MANIFEST}$", deps(//...))')
# A test suite has no actions. Manual targets are printed only if an earlier command analysed them.
_MANUAL = r"attr(tags, '\bmanual\b', //...)"
_EVERY_RULE = f"kind(rule, //...) except kind(test_suite, //...) except {_MANUAL}"
# Zip archives of Python programs are not built by default, and their action keys take longer than all others together.
_EVERY_ACTION = f'mnemonic("^(?!PythonZipper$).*", deps(//... except {_MANUAL}))'
# The runfiles of a program are inputs of its middleman action, so they are not printed again.
_PROVIDED_FILES = """
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
    """Digests of files, computed again only if a file changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...], int]] = {}

    def digest(self, path: str) -> int:
        """Return the digest of a file and its mode, or of all files in a folder; a missing file has a digest too."""
        try:
            status = os.stat(path)  # noqa: PTH116 - pathlib is slower, and there are forty thousand
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
        digest = _digest(str(status.st_mode & 0o111), file.read_bytes())
        self._known[path] = (seen, digest)
        return digest


@dataclasses.dataclass(frozen=True, kw_only=True)
class Oracle:
    """Computes the digests of one workspace repeatedly."""

    bazel: Bazel
    contents: Contents = dataclasses.field(default_factory=Contents)
    manifests: dict[str, int] = dataclasses.field(default_factory=dict)

    def digests(self) -> Digests:
        """Return the digest of every target in the current state of the workspace.

        Raises:
            BazelFailedError: The workspace cannot be analysed.
        """
        output = json.loads(self.bazel.run("aquery", *_ACTIONS, _EVERY_ACTION))
        self._replace_manifest_keys(output.get("actions", ()))
        actions = ActionGraph(output=output, content=self._content)
        parts = collections.defaultdict(list)
        for label, digest in actions.by_label():
            parts[label].append(digest)
        for label, paths in self._provided_files():
            parts[label].append(_digest("files", str(_sum(map(actions.file, paths)))))
        return {label: f"{_digest(*map(str, sorted(found))):x}" for label, found in parts.items()}

    def _replace_manifest_keys(self, actions: Iterable[dict[str, Any]]) -> None:
        """Use the digest of the output as the key of actions that write repository mappings."""
        manifests = [action for action in actions if action["mnemonic"] == _MANIFEST]
        if any(action["actionKey"] not in self.manifests for action in manifests):
            output = json.loads(self.bazel.run("aquery", *_ACTIONS, *_MANIFESTS))
            found = {action["actionKey"]: _digest(action["fileContents"]) for action in output["actions"]}
            self.manifests.update(found)
        for action in manifests:
            action["actionKey"] = str(self.manifests[action["actionKey"]])

    def _provided_files(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each configured rule with its files and runfiles."""
        with tempfile.NamedTemporaryFile("w", suffix=".cquery") as file:
            file.write(_PROVIDED_FILES)
            file.flush()
            output_options = ("--output=starlark", f"--starlark:file={file.name}")
            output = self.bazel.run("cquery", *_QUIET, *output_options, _EVERY_RULE)
        for line in os.fsdecode(output).splitlines():
            label, *paths = line.split("\t")
            if label.startswith("@@//"):
                yield label.removeprefix("@@"), paths

    @functools.cached_property
    def _output_base(self) -> str:
        return os.fsdecode(self.bazel.run("info", "--noshow_progress", "output_base")).strip()

    def _content(self, path: str) -> int:
        """Return the digest of a source file; Bazel links those of this repository only when it builds."""
        folder = self._output_base if path.startswith("external/") else self.bazel.workspace
        return self.contents.digest(f"{folder}/{path}")


class ActionGraph:
    """The output of one aquery, with the digests of its actions and files."""

    def __init__(self, *, output: Mapping[str, Any], content: Callable[[str], int]) -> None:
        self._output = output
        self._content = content
        self._actions = list(output.get("actions", ()))
        self._creator = {
            artifact: number for number, action in enumerate(self._actions) for artifact in action["outputIds"]
        }
        self._fragments = {fragment["id"]: fragment for fragment in output.get("pathFragments", ())}
        self._sets = {found["id"]: found for found in output.get("depSetOfFiles", ())}
        self._path = functools.cache(self._compute_path)
        self._members = functools.cache(self._compute_members)
        self._inputs = functools.cache(self._compute_inputs)
        self._action = functools.cache(self._compute_action)
        self._artifact = functools.cache(self._compute_artifact)
        self.file = functools.cache(self._compute_file)
        self._paths = {one["id"]: self._path(one["pathFragmentId"]) for one in output.get("artifacts", ())}
        self._numbers = {path: number for number, path in self._paths.items()}

    def by_label(self) -> Iterator[tuple[str, int]]:
        """Yield the digest of each action with its target, for the targets of this repository.

        Actions of aspects are left out: they are inputs of the target that applies the aspect.
        """
        labels = {target["id"]: target["label"] for target in self._output.get("targets", ())}
        for number, action in enumerate(self._actions):
            label = labels[action["targetId"]]
            if label.startswith("//") and not action.get("aspectDescriptorIds"):
                yield label, self._action(number)

    def _compute_file(self, path: str) -> int:
        """Return the digest of a file by its path; `link=path` is a symbolic link to it."""
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
        creator, path = self._creator.get(number), self._paths[number]
        return _digest(path, str(self._action(creator) if creator is not None else self._content(path)))


def _digest(*parts: str | bytes) -> int:
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode(errors="surrogateescape")
        digest.update(len(data).to_bytes(8, "big") + data)
    return int.from_bytes(digest.digest(), "big")


def _sum(digests: Iterable[int]) -> int:
    """Return the digest of a set. A sum needs no order, and is ten times as fast as sorting thousands of digests."""
    return sum(digests) % 2**256


def changed_targets(before: Digests, after: Digests) -> set[str]:
    """Return the targets whose digest changed, and new targets."""
    return {label for label, digest in after.items() if before.get(label) != digest}
