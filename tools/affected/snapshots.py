"""Snapshots of the graphs of both revisions. That of a commit is computed once and cached by the id of its tree."""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from tools.affected import configured, graph, modules, reverse_dependencies
from tools.affected.bazel import Bazel
from tools.affected.changes import Range
from tools.affected.configured import ConfiguredDiff, ConfiguredGraph
from tools.affected.graph import Target
from tools.affected.modules import ResolvedModules

T = TypeVar("T")

# Change it with the format or the content of what is cached.
_FORMAT = "9"
_MAX_ENTRIES = 40


@dataclasses.dataclass(frozen=True, kw_only=True)
class Snapshots:
    """Reads the graphs of both revisions.

    Attributes:
        range: The two revisions.
        local: Bazel in the user's workspace. The cache and private copies of the tree are beside its output base.
        head: Bazel on the files of the head: in the workspace, or in a private copy.
    """

    range: Range
    local: Bazel
    head: Bazel

    @functools.cached_property
    def _folder(self) -> pathlib.Path:
        folder = self.local.cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @functools.cached_property
    def head_graph(self) -> dict[str, Target]:
        """Return the graph of the head; not cached if read in the workspace, which may contain ignored files."""
        if self.head.workspace == self.local.workspace:
            return _read_graph(self.head)
        return self.graph_of(self.range.head, self.head)

    @functools.cached_property
    def base_graph(self) -> dict[str, Target]:
        """Return the graph of the base."""
        return self.graph_of(self.range.base)

    def graph_of(self, commit: str, bazel: Bazel | None = None) -> dict[str, Target]:
        """Return the graph of a commit.

        Args:
            commit: The commit.
            bazel: Bazel on the files of that commit. By default they are written to a private copy.

        Raises:
            BazelFailedError: A package of that commit cannot be loaded.
        """
        entry = _CacheEntry(file=self._file(commit, "graph"), load=graph.load, dump=graph.dump)
        if bazel is not None:
            return entry.get(lambda: _read_graph(bazel))
        return self._of_commit(commit, entry, _read_graph)

    @functools.cached_property
    def modules(self) -> tuple[ResolvedModules, ResolvedModules]:
        """Return the resolved modules of the base and of the head.

        Raises:
            BazelFailedError: They cannot be resolved.
        """
        entry = _CacheEntry(file=self._file(self.range.base, "modules"), load=modules.load, dump=modules.dump)
        return _concurrently(
            lambda: self._of_commit(self.range.base, entry, ResolvedModules.read),
            lambda: ResolvedModules.read(self.head),
        )

    @functools.cached_property
    def configured_diff(self) -> ConfiguredDiff:
        """Return the configured graphs of the base and of the head.

        Raises:
            BazelFailedError: One of them cannot be analysed.
        """
        entry = _CacheEntry(file=self._file(self.range.base, "configured"), load=configured.load, dump=configured.dump)
        before, after = _concurrently(
            lambda: self._of_commit(self.range.base, entry, _read_configured),
            lambda: ConfiguredGraph.read(self.head),
        )
        return ConfiguredDiff(before=before, after=after.with_file_digests(self.head, after.refetched(before)))

    def _of_commit(self, commit: str, entry: "_CacheEntry[T]", read: Callable[[Bazel], T]) -> T:
        """Return the cached value of a commit, or read it in a private copy and cache it."""

        def read_in_copy() -> T:
            with self.checkout(commit) as folder:
                return read(self.local.in_copy(folder))

        return entry.get(read_in_copy)

    def base_reverse_dependencies(self, labels: Sequence[str]) -> set[str]:
        """Return the reverse dependencies of these labels at the base, as far as the head still has them.

        Raises:
            BazelFailedError: A package cannot be loaded.
        """
        expression = reverse_dependencies.rdeps_expression(labels, [])
        with self.checkout(self.range.base) as folder:
            output = self.local.in_copy(folder).query(expression, "--proto:output_rule_attrs=tags")
        return graph.rules(output).keys() & self.head_graph.keys()

    @contextlib.contextmanager
    def checkout(self, commit: str, name: str = "base") -> Iterator[pathlib.Path]:
        """Write the files of a commit into the private copy `name`, which is locked until the context ends."""
        folder = self._folder / name
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.range.repository.export(commit, folder)
            yield folder

    def _file(self, commit: str, kind: str) -> pathlib.Path:
        version = self.range.before(".bazelversion") or b""
        tree = self.range.repository.tree(commit)
        key = hashlib.sha256(b"\0".join([tree.encode(), version, _FORMAT.encode()])).hexdigest()
        return self._folder / f"{key[:24]}.{kind}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class _CacheEntry(Generic[T]):
    """A value that is cached in a file; of each kind the newest `_MAX_ENTRIES` files are kept."""

    file: pathlib.Path
    load: Callable[[str], T]
    dump: Callable[[T], str]

    def get(self, read: Callable[[], T]) -> T:
        """Return the cached value, or read and cache it."""
        if self.file.exists():
            self.file.touch()
            return self.load(self.file.read_text())
        value = read()
        part = self.file.with_suffix(".part")
        part.write_text(self.dump(value))
        part.replace(self.file)
        same_kind = self.file.parent.glob(f"*{self.file.suffix}")
        for old in sorted(same_kind, key=lambda entry: -entry.stat().st_mtime)[_MAX_ENTRIES:]:
            old.unlink(missing_ok=True)
        return value


def _concurrently(base: Callable[[], T], head: Callable[[], T]) -> tuple[T, T]:
    """Return the values of both revisions; each has its own Bazel server."""
    with ThreadPoolExecutor(1) as executor:
        future = executor.submit(base)
        value = head()
        return future.result(), value


def _read_configured(bazel: Bazel) -> ConfiguredGraph:
    """Analyse a workspace and read the files of every repository: a later head may fetch any of them again."""
    found = ConfiguredGraph.read(bazel)
    return found.with_file_digests(bazel, found.markers)


def _read_graph(bazel: Bazel) -> dict[str, Target]:
    # Default values need not be printed: those of a rule are in its implementation's digest, which is an attribute, and
    # the `definitions` seed rule compares those of package(). Without --noproto:flatten_selects Bazel prints no select,
    # or the union of its branches.
    options = (*graph.DEFINITION_OPTIONS, "--noproto:flatten_selects", "--consistent_labels")
    root = os.fspath(bazel.workspace)
    output = bazel.query('//... + kind("package group", //...:*)', *options)
    return graph.definitions(output, is_file=lambda label: _is_file(root, label))


def _is_file(root: str, label: str) -> bool:
    package, _, name = label.removeprefix("//").partition(":")
    # os.path is several times faster than pathlib, and this runs for tens of thousands of labels.
    return label.startswith("//") and os.path.isfile(f"{root}/{package}/{name}")  # noqa: PTH113
