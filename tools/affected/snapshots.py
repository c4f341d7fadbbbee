"""Graphs of whole trees; that of a commit is computed once and kept by the id of its tree."""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import pathlib
from collections.abc import Iterator

from tools.affected import graph
from tools.affected.bazel import Bazel
from tools.affected.changes import Range
from tools.affected.graph import Target

_FORMAT = "1"
_KEPT = 40


@dataclasses.dataclass(frozen=True, kw_only=True)
class Snapshots:
    """Reads graphs: of the head where `bazel` runs, of other commits in a private copy of the tree."""

    range: Range
    bazel: Bazel

    @functools.cached_property
    def _folder(self) -> pathlib.Path:
        folder = Bazel.of(self.range.repository.workspace, self.bazel.program).scratch()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @functools.cached_property
    def _head(self) -> dict[str, Target]:
        head = self.range.head
        if head != "worktree":
            return self.at(head)
        if self.range.repository.is_clean():
            tree = self.range.repository.tree("HEAD")
            return self._kept(tree) or self._keep(tree, _read(self.bazel))
        return _read(self.bazel)

    def head(self) -> dict[str, Target]:
        """Return the graph of the head."""
        return self._head

    def at(self, commit: str) -> dict[str, Target]:
        """Return the graph of a commit.

        Raises:
            BazelFailedError: some package of that commit cannot be loaded.
        """
        tree = self.range.repository.tree(commit)
        kept = self._kept(tree)
        if kept is not None:
            return kept
        with self.tree(commit) as folder:
            return self._keep(tree, _read(self.bazel.elsewhere(folder)))

    @contextlib.contextmanager
    def tree(self, commit: str) -> Iterator[pathlib.Path]:
        """Lend a folder that holds the files of a commit; one caller at a time has it."""
        folder = self._folder / "tree"
        with (self._folder / "lock").open("w") as lock:
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
    return graph.rules(bazel.query("//..."))
