"""Graphs of whole trees; that of a commit is computed once and kept by the id of its tree."""

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

from tools.affected import configured, graph, modules, reach
from tools.affected.bazel import Bazel
from tools.affected.changes import Range
from tools.affected.configured import Configured, Difference
from tools.affected.graph import Target
from tools.affected.modules import Modules

T = TypeVar("T")

_FORMAT = "8"
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
        kept = _Kept(file=self._file(commit, "graph"), load=graph.load, dump=graph.dump)
        return kept.get(lambda: _read(bazel)) if bazel is not None else self._of(commit, kept, _read)

    @functools.cached_property
    def modules(self) -> tuple[Modules, Modules]:
        """Return what the modules of the base and of the head resolve to.

        Raises:
            BazelFailedError: they do not resolve.
        """
        kept = _Kept(file=self._file(self.range.base, "modules"), load=modules.load, dump=modules.dump)
        return _both(lambda: self._of(self.range.base, kept, Modules.of), lambda: Modules.of(self.head))

    @functools.cached_property
    def analysed(self) -> Difference:
        """Return what Bazel analyses at the base and at the head.

        Raises:
            BazelFailedError: one of them cannot be analysed.
        """
        kept = _Kept(file=self._file(self.range.base, "configured"), load=configured.load, dump=configured.dump)
        before, after = _both(lambda: self._of(self.range.base, kept, _analysed), lambda: Configured.of(self.head))
        return Difference(before=before, after=after.with_files(self.head, after.remade(before)))

    def _of(self, commit: str, kept: "_Kept[T]", read: Callable[[Bazel], T]) -> T:
        """Return what is kept of a commit, or read it in the private copy and keep it."""

        def anew() -> T:
            with self.tree(commit) as folder:
                return read(self.home.elsewhere(folder))

        return kept.get(anew)

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

    def _file(self, commit: str, kind: str) -> pathlib.Path:
        version = self.range.before(".bazelversion") or b""
        tree = self.range.repository.tree(commit)
        key = hashlib.sha256(b"\0".join([tree.encode(), version, _FORMAT.encode()])).hexdigest()
        return self._folder / f"{key[:24]}.{kind}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Kept(Generic[T]):
    """Something that is read once and kept in a file; of its kind only the newest are kept."""

    file: pathlib.Path
    load: Callable[[str], T]
    dump: Callable[[T], str]

    def get(self, read: Callable[[], T]) -> T:
        """Return what is kept, else read it and keep it."""
        if self.file.exists():
            self.file.touch()
            return self.load(self.file.read_text())
        found = read()
        part = self.file.with_suffix(".part")
        part.write_text(self.dump(found))
        part.replace(self.file)
        same_kind = self.file.parent.glob(f"*{self.file.suffix}")
        for old in sorted(same_kind, key=lambda kept: -kept.stat().st_mtime)[_KEPT:]:
            old.unlink(missing_ok=True)
        return found


def _both(base: Callable[[], T], head: Callable[[], T]) -> tuple[T, T]:
    """Ask at both ends at once: they are two servers."""
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(base)
        found = head()
        return asked.result(), found


def _analysed(bazel: Bazel) -> Configured:
    """Analyse a workspace, with the files of every repository: which of them another state makes anew is not known."""
    found = Configured.of(bazel)
    return found.with_files(bazel, found.marks)


def _read(bazel: Bazel) -> dict[str, Target]:
    # A default is the rule's, whose digest is among the attributes, or the package()'s, which the seeds compare. Of a
    # select Bazel says nothing, or the union of its values, unless it is asked for the conditions too.
    options = (*graph.DEFINED, "--noproto:flatten_selects", "--consistent_labels")
    root = os.fspath(bazel.workspace)
    given = bazel.query('//... + kind("package group", //...:*)', *options)
    return graph.definitions(given, is_file=lambda label: _is_file(root, label))


def _is_file(root: str, label: str) -> bool:
    package, _, name = label.removeprefix("//").partition(":")
    return label.startswith("//") and os.path.isfile(f"{root}/{package}/{name}")  # noqa: PTH113 - ten thousands at a time
