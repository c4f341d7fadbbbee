"""Graphs of whole trees; that of a commit is computed once and kept by the id of its tree."""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import pathlib
from collections.abc import Iterator, Sequence

from tools.affected import graph, reach
from tools.affected.bazel import Bazel
from tools.affected.changes import Range
from tools.affected.graph import Target

_FORMAT = "3"
_KEPT = 40


@dataclasses.dataclass(frozen=True, kw_only=True)
class Snapshots:
    """Reads graphs: of the head where `head` runs, of other commits in a private copy of the tree.

    `home` is the Bazel of the user's own workspace, beside whose output base the copy lies.
    """

    range: Range
    home: Bazel
    head: Bazel

    @functools.cached_property
    def _folder(self) -> pathlib.Path:
        folder = self.home.scratch()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @functools.cached_property
    def of_head(self) -> dict[str, Target]:
        """Return the graph of the head; kept only where that of a commit, without files that git ignores, was read."""
        if self.head.workspace == self.home.workspace:
            return _read(self.head)
        return self.at(self.range.head, self.head)

    @functools.cached_property
    def of_base(self) -> dict[str, Target]:
        """Return the graph of the base."""
        return self.at(self.range.base)

    def at(self, commit: str, bazel: Bazel | None = None) -> dict[str, Target]:
        """Return the graph of a commit, read by a Bazel that sees its files or in the private copy.

        Raises:
            BazelFailedError: some package of that commit cannot be loaded.
        """
        tree = self.range.repository.tree(commit)
        kept = self._kept(tree)
        if kept is not None:
            return kept
        if bazel is not None:
            return self._keep(tree, _read(bazel))
        with self.tree(commit) as folder:
            return self._keep(tree, _read(self.home.elsewhere(folder)))

    def users_at_base(self, labels: Sequence[str]) -> set[str]:
        """Return the targets that depended on these at the base and are still there.

        Raises:
            BazelFailedError: a package cannot be loaded.
        """
        with self.tree(self.range.base) as folder:
            answer = self.home.elsewhere(folder).query(reach.expression(labels, []), "--proto:output_rule_attrs=tags")
        return graph.rules(answer).keys() & self.of_head.keys()

    @contextlib.contextmanager
    def tree(self, commit: str, name: str = "base") -> Iterator[pathlib.Path]:
        """Lend the folder of this name with the files of a commit; one caller at a time has it."""
        folder = self._folder / name
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.range.repository.export(commit, folder)
            yield folder

    def _file(self, tree: str) -> pathlib.Path:
        version = self.range.before(".bazelversion") or b""
        key = hashlib.sha256(b"\0".join([tree.encode(), version, _FORMAT.encode()])).hexdigest()
        return self._folder / f"{key[:24]}.graph"

    def _kept(self, tree: str) -> dict[str, Target] | None:
        file = self._file(tree)
        if not file.exists():
            return None
        file.touch()
        return graph.load(file.read_text())

    def _keep(self, tree: str, targets: dict[str, Target]) -> dict[str, Target]:
        file = self._file(tree)
        part = file.with_suffix(".part")
        part.write_text(graph.dump(targets))
        part.replace(file)
        oldest_last = sorted(self._folder.glob("*.graph"), key=lambda kept: -kept.stat().st_mtime)
        for old in oldest_last[_KEPT:]:
            old.unlink(missing_ok=True)
        return targets


def _read(bazel: Bazel) -> dict[str, Target]:
    # A default is the rule's, whose digest is among the attributes, or the package()'s, which the seeds compare.
    return graph.definitions(bazel.query('//... + kind("package group", //...:*)', "--noproto:default_values"))
