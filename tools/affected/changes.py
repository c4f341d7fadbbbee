"""What changed between two states of the tree, by path."""

import dataclasses
import enum
import functools
import os
import re
from typing import Self

from tools.affected.git import Repository

WORKTREE = "worktree"
"""The name of the head that is on disk, committed or not."""


class Kind(enum.Enum):
    """What happened to a path; a rename is a deletion and an addition."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Change:
    """One path that differs.

    `special` names what the path is when it is no plain file: `submodule`, `symbolic link` or a repository.
    """

    path: str
    kind: Kind = dataclasses.field(compare=False)
    special: str = ""


_SPECIAL_MODES = {"160000": "submodule", "120000": "symbolic link"}
# What `git ls-files -v --stage --others` and `git ls-tree` print, an entry after each NUL.
_UNTRACKED = re.compile(rb"(?<=\0)\? ([^\0]+)")
_LINKS = re.compile(rb"(?<=\0)(?:[^?] )?120000 [^\t\0]*\t([^\0]+)")
_UNWATCHED = re.compile(rb"(?<=\0)[a-zS] [0-7]+ [^\t\0]*\t([^\0]+)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Range:
    """Two states of the tree: a commit, and a later commit or the files on disk."""

    repository: Repository
    base: str
    head: str

    @classmethod
    def of(cls, repository: Repository, *, base: str, head: str) -> Self:
        """Resolve two revisions; the base is where the head's history left that of `base`.

        Raises:
            BadRevisionError: one of them is not in this clone.
        """
        repository.require()
        tip = repository.commit("HEAD" if head == WORKTREE else head)
        start = repository.merge_base(repository.commit(base), tip)
        return cls(repository=repository, base=start, head=WORKTREE if head == WORKTREE else tip)

    @property
    def head_is_on_disk(self) -> bool:
        """Tell whether the files of the workspace are the head."""
        if self.head == WORKTREE:
            return True
        same = self.repository.tree(self.head) == self.repository.tree("HEAD")
        return same and self.repository.is_clean()

    def changes(self) -> list[Change]:
        """List every path that differs, ordered; new files that git does not ignore count on disk."""
        revisions = [self.base] if self.head == WORKTREE else [self.base, self.head]
        raw = self.repository.run(
            "diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--relative",
            "--ignore-submodules=none", *revisions, "--",
        )  # fmt: skip
        found = {change.path: change for change in _parsed(raw)}
        if self.head == WORKTREE:
            for name in self._listed(_UNTRACKED):
                kind = Kind.MODIFIED if name in found else Kind.ADDED
                found[name] = Change(path=name, kind=kind, special=self._special(name))
            # Git takes the user's word that these are as they were (`update-index --assume-unchanged`).
            for name in self._listed(_UNWATCHED):
                if self.after(name) not in {None, self.before(name)}:
                    found[name] = Change(path=name, kind=Kind.MODIFIED)
        return sorted(found.values())

    def links(self) -> list[str]:
        """Return the symbolic links of the head."""
        return self._listed(_LINKS)

    def _listed(self, entry: re.Pattern[bytes]) -> list[str]:
        return [os.fsdecode(path) for path in entry.findall(self._listing)]

    @functools.cached_property
    def _listing(self) -> bytes:
        """List the files of the head, on disk with those that git does not know."""
        on_disk = ("ls-files", "-z", "-v", "--stage", "--others", "--exclude-standard")
        asked = on_disk if self.head == WORKTREE else ("ls-tree", "-r", "-z", self.head)
        return b"\0" + self.repository.run(*asked)

    def _special(self, name: str) -> str:
        """Say what a path is that git does not know, if it is no plain file; Bazel's own links are nothing."""
        if name.endswith("/"):
            return "repository of its own"
        is_link = (self.repository.workspace / name).is_symlink() and not name.startswith("bazel-")
        return "symbolic link" if is_link else ""

    def before(self, path: str) -> bytes | None:
        """Return a file as it was at the base, None where there was none."""
        return self.repository.blob(self.base, path)

    def after(self, path: str) -> bytes | None:
        """Return a file as it is at the head, None where there is none."""
        if self.head != WORKTREE:
            return self.repository.blob(self.head, path)
        file = self.repository.workspace / path
        return file.read_bytes() if file.is_file() else None


def _parsed(raw: bytes) -> list[Change]:
    """Read `git diff --raw -z`: `:MODE MODE ID ID STATUS`, a NUL, the path, a NUL."""
    fields = raw.split(b"\0")[:-1]
    return [
        _change(description.decode(), os.fsdecode(path))
        for description, path in zip(fields[::2], fields[1::2], strict=True)
    ]


def _change(description: str, path: str) -> Change:
    mode_before, mode_after, _, _, status = description.removeprefix(":").split()
    kind = {"A": Kind.ADDED, "D": Kind.DELETED}.get(status[0], Kind.MODIFIED)
    special = _SPECIAL_MODES.get(mode_after) or _SPECIAL_MODES.get(mode_before) or ""
    return Change(path=path, kind=kind, special=special)
