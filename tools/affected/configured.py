"""The configured targets of a workspace, as `bazel cquery` analyses them, and the comparison of two such graphs.

A node is a label with a configuration, as cquery prints it: `@@//a:b (c0ffee0)`.
"""

import collections
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from tools.affected import graph
from tools.affected.bazel import QUIET, Bazel

_ALL_TARGETS = "deps(//...)"
_DEFINITIONS = ("--output=jsonproto", "--noproto:locations", *graph.DEFINITION_OPTIONS)
_EDGES = ("--output=graph", "--nograph:factored", "--graph:node_limit=-1")
# `--output=graph` prints this many characters of a configuration's checksum.
_CHECKSUM_LENGTH = 7
# Stands for the digest of a source file, whose content is compared separately.
_SOURCE_FILE = "file"
# They change with the version of Bazel only, which is a file of the tree.
_BUILT_IN = frozenset({"", "bazel_tools"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfiguredGraph:
    """All configured targets below `//...` in one state of the tree.

    Attributes:
        digests: By node, of its definition.
        dependencies: By node, its dependencies, including resolved toolchains and platforms.
        markers: By external repository, a digest of its marker file, by which Bazel decides whether to fetch again.
        repo_mappings: By repository, the names that it has for others.
        file_digests: By node, of the content of source files in external repositories, where they were read.
    """

    digests: Mapping[str, str]
    dependencies: Mapping[str, tuple[str, ...]]
    markers: Mapping[str, str]
    repo_mappings: Mapping[str, Mapping[str, str]]
    file_digests: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, bazel: Bazel) -> Self:
        """Analyse a workspace.

        Raises:
            BazelFailedError: The analysis failed.
        """
        cquery = functools.partial(bazel.run, "cquery", *QUIET, "--consistent_labels")
        definitions = cquery(*_DEFINITIONS, _ALL_TARGETS)
        # The definitions are tens of megabytes: parse them while Bazel prints the edges.
        with ThreadPoolExecutor(1) as executor:
            printed_edges = executor.submit(cquery, *_EDGES, _ALL_TARGETS)
            digests = _digests(json.loads(definitions).get("results", ()))
        external = pathlib.Path(bazel.output_base, "external")
        repositories = sorted({repository_of(node) for node in digests})
        return cls(
            digests=digests,
            dependencies=_parse_edges(printed_edges.result()),
            markers={name: _marker(external, name) for name in repositories if name not in _BUILT_IN},
            repo_mappings=_repo_mappings(bazel, repositories),
        )

    def with_file_digests(self, bazel: Bazel, repositories: Iterable[str]) -> Self:
        """Read the source files of these repositories."""
        external, selected = pathlib.Path(bazel.output_base, "external"), set(repositories)
        digests = {node: _content_digest(external / _path(node)) for node in self.source_files(selected)}
        return dataclasses.replace(self, file_digests=digests)

    def source_files(self, repositories: set[str]) -> list[str]:
        """Return the nodes that are source files of these repositories."""
        return [
            node
            for node, digest in self.digests.items()
            if digest == _SOURCE_FILE and repository_of(node) in repositories
        ]

    def refetched(self, before: Self) -> set[str]:
        """Return the repositories whose marker changed, or that have none."""
        return {name for name, marker in self.markers.items() if not marker or before.markers.get(name) != marker}


def edges(bazel: Bazel) -> dict[str, tuple[str, ...]]:
    """Analyse a workspace and return the dependencies of each node.

    Raises:
        BazelFailedError: The analysis failed.
    """
    return _parse_edges(bazel.run("cquery", *QUIET, "--consistent_labels", *_EDGES, _ALL_TARGETS))


def repository_of(node: str) -> str:
    """Return the canonical name of a node's repository, empty for the main repository."""
    return node.removeprefix("@@").partition("//")[0]


def label_of(node: str) -> str:
    """Return the label of a node, without `@@` in the main repository."""
    label = node.rpartition(" (")[0]
    return label.removeprefix("@@") if label.startswith("@@//") else label


def _path(node: str) -> str:
    repository, _, rest = label_of(node).removeprefix("@@").partition("//")
    package, _, name = rest.partition(":")
    return "/".join(part for part in (repository, package, name) if part)


def _digests(results: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return a digest of each node's definition; of a node that is printed twice, both."""
    found = collections.defaultdict(set)
    for result in results:
        label, digest = _definition(result["target"])
        found[f"{label} ({result['configuration']['checksum'][:_CHECKSUM_LENGTH]})"].add(digest)
    return {node: " ".join(sorted(digests)) for node, digests in found.items()}


def _definition(target: Mapping[str, Any]) -> tuple[str, str]:
    if target["type"] == "RULE":
        return target["rule"]["name"], graph.digest(target["rule"])
    if target["type"] == "SOURCE_FILE":
        return target["sourceFile"]["name"], _SOURCE_FILE
    (other,) = (value for key, value in target.items() if key != "type")
    return other["name"], json.dumps(other, sort_keys=True)


def _parse_edges(output: bytes) -> dict[str, tuple[str, ...]]:
    """Read lines like `  "node" -> "node"`."""
    dependencies = collections.defaultdict(list)
    for line in os.fsdecode(output).splitlines():
        start, arrow, end = line.strip().partition('" -> "')
        if arrow:
            dependencies[start[1:]].append(end[:-1])
    return {node: tuple(sorted(below)) for node, below in dependencies.items()}


def _repo_mappings(bazel: Bazel, repositories: list[str]) -> dict[str, dict[str, str]]:
    """Return the repository mapping of each repository. Programs contain it, so a change of it affects them."""
    lines = bazel.run("mod", "dump_repo_mapping", *QUIET, *repositories).splitlines()
    return {name: json.loads(line) for name, line in zip(repositories, lines, strict=True)}


def _marker(external: pathlib.Path, repository: str) -> str:
    """Return a digest of a repository's marker file, or an empty string if it has none."""
    file = external / f"@{repository}.marker"
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _content_digest(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(f"{file.relative_to(path)} {file.stat().st_mode & 0o111}\0".encode(errors="surrogateescape"))
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:24]


def shortest_paths(dependencies: Mapping[str, Sequence[str]], sources: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the reverse dependencies of some nodes, by node, each with the labels on a shortest path to it.

    A path begins with the label of a source and ends with that of the node.
    """
    users = collections.defaultdict(list)
    for node, below in dependencies.items():
        for dependency in below:
            users[dependency].append(node)
    paths: dict[str, tuple[str, ...]] = {node: (label_of(node),) for node in sorted(sources)}
    queue = collections.deque(paths)
    while queue:
        node = queue.popleft()
        for user in users[node]:
            if user not in paths:
                paths[user] = (*paths[node], label_of(user))
                queue.append(user)
    return paths


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfiguredDiff:
    """Two configured graphs. Both contain the digests of files in every repository that was fetched again."""

    before: ConfiguredGraph
    after: ConfiguredGraph

    @functools.cached_property
    def changed(self) -> set[str]:
        """Return the nodes whose definition, dependencies, content or name changed."""
        return set(self._changed_definitions()) | set(self._changed_files()) | set(self._renamed())

    def _changed_definitions(self) -> Iterator[str]:
        before, after = self.before, self.after
        for node, digest in after.digests.items():
            same_dependencies = before.dependencies.get(node, ()) == after.dependencies.get(node, ())
            if before.digests.get(node) != digest or not same_dependencies:
                yield node

    def _changed_files(self) -> Iterator[str]:
        for node in self.after.source_files(self.after.refetched(self.before)):
            if self.before.file_digests.get(node) != self.after.file_digests.get(node):
                yield node

    def _renamed(self) -> Iterator[str]:
        """Yield the nodes of repositories for which another repository has a new name."""
        renamed = set()
        for name, mapping in self.after.repo_mappings.items():
            renamed |= {one for _, one in mapping.items() ^ self.before.repo_mappings.get(name, mapping).items()}
        return (node for node in self.after.digests if repository_of(node) in renamed)

    def affected(self) -> dict[str, tuple[str, ...]]:
        """Return every affected target of this repository, with the labels on a shortest path from a changed node."""
        found: dict[str, tuple[str, ...]] = {}
        for node, path in shortest_paths(self.after.dependencies, self.changed).items():
            if not repository_of(node) and self.after.digests.get(node) != _SOURCE_FILE:
                found.setdefault(label_of(node), path)
        return found


def dump(configured: ConfiguredGraph) -> str:
    """Serialise a graph."""
    return json.dumps(dataclasses.asdict(configured))


def load(text: str) -> ConfiguredGraph:
    """Read what `dump` wrote."""
    values = json.loads(text)
    dependencies = {node: tuple(below) for node, below in values.pop("dependencies").items()}
    return ConfiguredGraph(dependencies=dependencies, **values)
