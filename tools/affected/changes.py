"""The changed paths between two states of the tree."""

import dataclasses
import enum
import functools
import os
import re
from typing import Self

from tools.affected.git import Repository

WORKTREE = "worktree"
"""The head if it is the files on disk, committed or not."""


class Kind(enum.Enum):
    """How a path changed; a rename is a deletion and an addition."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Change:
    """One changed path.

    `special` is empty for a regular file, else it describes the path: a submodule, a symbolic link or a repository.
    """

    path: str
    kind: Kind = dataclasses.field(compare=False)
    special: str = ""


_SPECIAL_MODES = {"160000": "submodule", "120000": "symbolic link"}
# Entries of `git ls-files -v --stage --others` and `git ls-tree`, each after a NUL.
_UNTRACKED = re.compile(rb"(?<=\0)\? ([^\0]+)")
_SYMLINKS = re.compile(rb"(?<=\0)(?:[^?] )?120000 [^\t\0]*\t([^\0]+)")
_ASSUME_UNCHANGED = re.compile(rb"(?<=\0)[a-zS] [0-7]+ [^\t\0]*\t([^\0]+)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Range:
    """Two states of the tree: a commit, and a later commit or the files on disk."""

    repository: Repository
    base: str
    head: str

    @classmethod
    def resolve(cls, repository: Repository, *, base: str, head: str) -> Self:
        """Resolve two revisions; the base of the range is their merge base.

        Raises:
            BadRevisionError: One of them is not in this clone.
        """
        repository.require()
        tip = repository.commit("HEAD" if head == WORKTREE else head)
        start = repository.merge_base(repository.commit(base), tip)
        return cls(repository=repository, base=start, head=WORKTREE if head == WORKTREE else tip)

    @property
    def head_is_on_disk(self) -> bool:
        """Return whether the files of the workspace are equal to the head."""
        if self.head == WORKTREE:
            return True
        same = self.repository.tree(self.head) == self.repository.tree("HEAD")
        return same and self.repository.is_clean()

    def changes(self) -> list[Change]:
        """Return every changed path, sorted; on disk, untracked files too unless git ignores them."""
        revisions = [self.base] if self.head == WORKTREE else [self.base, self.head]
        raw = self.repository.run(
            "diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--relative",
            "--ignore-submodules=none", *revisions, "--",
        )  # fmt: skip
        found = {change.path: change for change in _parse_diff(raw)}
        if self.head == WORKTREE:
            for name in self._listed(_UNTRACKED):
                kind = Kind.MODIFIED if name in found else Kind.ADDED
                found[name] = Change(path=name, kind=kind, special=self._special(name))
            # Git does not compare these files (`update-index --assume-unchanged`).
            for name in self._listed(_ASSUME_UNCHANGED):
                if self.after(name) not in {None, self.before(name)}:
                    found[name] = Change(path=name, kind=Kind.MODIFIED)
        return sorted(found.values())

    def links(self) -> list[str]:
        """Return the paths of symbolic links at the head."""
        return self._listed(_SYMLINKS)

    def _listed(self, entry: re.Pattern[bytes]) -> list[str]:
        return [os.fsdecode(path) for path in entry.findall(self._listing)]

    @functools.cached_property
    def _listing(self) -> bytes:
        """List the files of the head; on disk, untracked files too."""
        on_disk = ("ls-files", "-z", "-v", "--stage", "--others", "--exclude-standard")
        command = on_disk if self.head == WORKTREE else ("ls-tree", "-r", "-z", self.head)
        return b"\0" + self.repository.run(*command)

    def _special(self, name: str) -> str:
        """Describe an untracked path if it is no regular file; the links that Bazel creates are ignored."""
        if name.endswith("/"):
            return "nested repository"
        is_link = (self.repository.workspace / name).is_symlink() and not name.startswith("bazel-")
        return "symbolic link" if is_link else ""

    def before(self, path: str) -> bytes | None:
        """Return the content of a file at the base, or None if there was none."""
        return self.repository.blob(self.base, path)

    def after(self, path: str) -> bytes | None:
        """Return the content of a file at the head, or None if there is none."""
        if self.head != WORKTREE:
            return self.repository.blob(self.head, path)
        file = self.repository.workspace / path
        return file.read_bytes() if file.is_file() else None


def _parse_diff(raw: bytes) -> list[Change]:
    """Parse `git diff --raw -z`: `:MODE MODE ID ID STATUS`, a NUL, the path, a NUL."""
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
