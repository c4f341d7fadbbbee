"""The targets of a workspace as Bazel analyses them: in their configurations, with the toolchains that they resolve."""

import collections
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from tools.affected import graph
from tools.affected.bazel import QUIET, Bazel

_EVERYTHING = "deps(//...)"
_RECORDS = ("--output=jsonproto", "--noproto:locations", *graph.DEFINED)
_EDGES = ("--output=graph", "--nograph:factored", "--graph:node_limit=-1")
# As many characters of a configuration's checksum as the printed graph has.
_SHORT = 7
# In the place of a digest: what a file holds is looked at apart.
_FILE = "file"
# It comes with Bazel, whose version is a file of its own.
_BUILT_IN = frozenset({"", "bazel_tools"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Configured:
    """Everything below `//...` in one state of the tree; a node is a label and a configuration.

    `digests` are of definitions, `below` is what a node takes, its toolchains and platforms included. `marks`
    tell for each other repository what it was made from, `names` what it calls others. `files` are the
    contents of files of other repositories, as far as somebody wanted to know.
    """

    digests: Mapping[str, str]
    below: Mapping[str, tuple[str, ...]]
    marks: Mapping[str, str]
    names: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, bazel: Bazel) -> Self:
        """Analyse a workspace.

        Raises:
            BazelFailedError: it cannot be analysed.
        """
        ask = functools.partial(bazel.run, "cquery", *QUIET, "--consistent_labels")
        records = ask(*_RECORDS, _EVERYTHING)
        # Tens of megabytes, read while Bazel prints the rest.
        with ThreadPoolExecutor(1) as beside:
            edges = beside.submit(ask, *_EDGES, _EVERYTHING)
            digests = _digests(json.loads(records).get("results", ()))
        external = pathlib.Path(bazel.output_base, "external")
        repositories = sorted({repository_of(node) for node in digests})
        return cls(
            digests=digests,
            below=_edges(edges.result()),
            marks={name: _mark(external, name) for name in repositories if name not in _BUILT_IN},
            names=_names(bazel, repositories),
        )

    def with_files(self, bazel: Bazel, repositories: Iterable[str]) -> Self:
        """Read the files that these repositories give to targets."""
        external, wanted = pathlib.Path(bazel.output_base, "external"), set(repositories)
        files = {node: _content(external / _path(node)) for node in self.given_by(wanted)}
        return dataclasses.replace(self, files=files)

    def given_by(self, repositories: set[str]) -> list[str]:
        """Return the nodes that are files of these repositories."""
        return [
            node for node, digest in self.digests.items() if digest == _FILE and repository_of(node) in repositories
        ]

    def remade(self, before: Self) -> set[str]:
        """Return the repositories that were made from something else before, or may have been."""
        return {name for name, mark in self.marks.items() if not mark or before.marks.get(name) != mark}


def edges(bazel: Bazel) -> dict[str, tuple[str, ...]]:
    """Analyse a workspace and return what each node takes.

    Raises:
        BazelFailedError: it cannot be analysed.
    """
    return _edges(bazel.run("cquery", *QUIET, "--consistent_labels", *_EDGES, _EVERYTHING))


def repository_of(node: str) -> str:
    """Return the canonical name of the repository that a node lies in, empty for this one."""
    return node.removeprefix("@@").partition("//")[0]


def label_of(node: str) -> str:
    """Return the label of a node, without `@@` where it is of this repository."""
    label = node.rpartition(" (")[0]
    return label.removeprefix("@@") if label.startswith("@@//") else label


def _path(node: str) -> str:
    repository, _, rest = label_of(node).removeprefix("@@").partition("//")
    package, _, name = rest.partition(":")
    return "/".join(part for part in (repository, package, name) if part)


def _digests(results: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what each node is by itself; one that is printed twice is both."""
    found = collections.defaultdict(set)
    for result in results:
        label, digest = _defined(result["target"])
        found[f"{label} ({result['configuration']['checksum'][:_SHORT]})"].add(digest)
    return {node: " ".join(sorted(digests)) for node, digests in found.items()}


def _defined(target: Mapping[str, Any]) -> tuple[str, str]:
    if target["type"] == "RULE":
        return target["rule"]["name"], graph.digest(target["rule"])
    if target["type"] == "SOURCE_FILE":
        return target["sourceFile"]["name"], _FILE
    (other,) = (value for key, value in target.items() if key != "type")
    return other["name"], json.dumps(other, sort_keys=True)


def _edges(printed: bytes) -> dict[str, tuple[str, ...]]:
    """Read lines like `  "node" -> "node"`."""
    below = collections.defaultdict(list)
    for line in os.fsdecode(printed).splitlines():
        start, arrow, end = line.strip().partition('" -> "')
        if arrow:
            below[start[1:]].append(end[:-1])
    return {node: tuple(sorted(taken)) for node, taken in below.items()}


def _names(bazel: Bazel, repositories: list[str]) -> dict[str, dict[str, str]]:
    """Return what each repository calls others: programs carry that with them."""
    lines = bazel.run("mod", "dump_repo_mapping", *QUIET, *repositories).splitlines()
    return {name: json.loads(line) for name, line in zip(repositories, lines, strict=True)}


def _mark(external: pathlib.Path, repository: str) -> str:
    """Return a digest of what Bazel noted to know when a repository has to be made again; empty without a note."""
    note = external / f"@{repository}.marker"
    return hashlib.sha256(note.read_bytes()).hexdigest() if note.is_file() else ""


def _content(file: pathlib.Path) -> str:
    told = hashlib.sha256()
    for one in sorted(file.rglob("*")) if file.is_dir() else [file]:
        if one.is_file():
            told.update(f"{one.relative_to(file)} {one.stat().st_mode & 0o111}\0".encode(errors="surrogateescape"))
            told.update(hashlib.sha256(one.read_bytes()).digest())
    return told.hexdigest()[:24]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Difference:
    """Two states compared; `after` and `before` hold the files of every repository that was made anew."""

    before: Configured
    after: Configured

    @functools.cached_property
    def changed(self) -> set[str]:
        """Return the nodes that are not what they were, by themselves or in what they take."""
        return set(self._defined_otherwise()) | set(self._other_files()) | set(self._called_otherwise())

    def _defined_otherwise(self) -> Iterator[str]:
        before, after = self.before, self.after
        for node, digest in after.digests.items():
            if before.digests.get(node) != digest or before.below.get(node, ()) != after.below.get(node, ()):
                yield node

    def _other_files(self) -> Iterator[str]:
        for node in self.after.given_by(self.after.remade(self.before)):
            if self.before.files.get(node) != self.after.files.get(node):
                yield node

    def _called_otherwise(self) -> Iterator[str]:
        """Yield the nodes of repositories that somebody has another name for, which programs carry with them."""
        called = set()
        for name, mapping in self.after.names.items():
            called |= {one for _, one in mapping.items() ^ self.before.names.get(name, mapping).items()}
        return (node for node in self.after.digests if repository_of(node) in called)

    def ways(self) -> dict[str, tuple[str, ...]]:
        """Return every target of this repository that a changed node is below, with the way from there.

        A way holds the labels from the changed node to the target, both included, and is a shortest one.
        """
        users = collections.defaultdict(list)
        for node, taken in self.after.below.items():
            for one in taken:
                users[one].append(node)
        ways: dict[str, tuple[str, ...]] = {node: (label_of(node),) for node in sorted(self.changed)}
        waiting = collections.deque(ways)
        while waiting:
            node = waiting.popleft()
            for user in users[node]:
                if user not in ways:
                    ways[user] = (*ways[node], label_of(user))
                    waiting.append(user)
        found: dict[str, tuple[str, ...]] = {}
        for node, way in ways.items():
            if not repository_of(node) and self.after.digests.get(node) != _FILE:
                found.setdefault(label_of(node), way)
        return found


def dump(configured: Configured) -> str:
    """Write a state for `load`."""
    return json.dumps(dataclasses.asdict(configured))


def load(text: str) -> Configured:
    """Read what `dump` wrote."""
    said = json.loads(text)
    below = {node: tuple(taken) for node, taken in said.pop("below").items()}
    return Configured(below=below, **said)
