"""The commit that we deploy from, and the commit that says so."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.deploy.errors import UnclearSourceError

_OURS = (":(exclude)deploy/*/manifests/*", ":(exclude)deploy/*/*.json", ":(exclude)deploy/*/.*.draft")
"""What we write ourselves makes no tree dirty."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A commit, and whether the files are what it has."""

    revision: str
    is_committed: bool

    def __str__(self) -> str:
        """For people."""
        return self.revision[:12] + ("" if self.is_committed else " with changes that are not committed")


def read_source(workspace: Path) -> Source:
    """The state of the working tree; raises UnclearSourceError where there is no commit."""
    changed = _git(workspace, "status", "--porcelain", "--untracked-files=all", "--", ".", *_OURS)
    # Where there is no commit, rev-parse would speak of an ambiguous argument.
    revision = _git(workspace, "log", "-1", "--no-show-signature", "--format=%H")
    return Source(revision=revision, is_committed=not changed)


def check_identity(workspace: Path) -> None:
    """Raise UnclearSourceError where git does not know whose commit it would be."""
    for role in ("AUTHOR", "COMMITTER"):
        _git(workspace, "var", f"GIT_{role}_IDENT")


def recorded(workspace: Path, folder: Path) -> list[str]:
    """The services that the last commit has a record of in a folder, be it gone or not."""
    names = _git(workspace, "ls-tree", "-z", "--name-only", "HEAD", f"{folder.relative_to(workspace)}/").split("\0")
    return [Path(name).stem for name in names if name.endswith(".json")]


def commit(workspace: Path, message: str, paths: Sequence[Path]) -> str | None:
    """Commit these files and no others; None when they are committed already.

    Raises:
        UnclearSourceError: git would not.
    """
    names = [str(path.relative_to(workspace)) for path in paths]
    # A record that git passes over would be a deployment that nobody knows of.
    _git(workspace, "add", "--force", "--", *(name for name in names if (workspace / name).exists()))
    # Git wants no name that it never heard of. Files that are gone are those that HEAD still has.
    heard = _git(workspace, "ls-files", "-z", "--with-tree=HEAD", "--", *names).rstrip("\0").split("\0")
    if not _git(workspace, "status", "--porcelain", "--", *heard):
        return None
    _git(workspace, "commit", "--quiet", "--message", message, "--", *heard)
    return _git(workspace, "rev-parse", "HEAD")


def _git(workspace: Path, *arguments: str) -> str:
    command = ["git", "-C", str(workspace), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode != 0:
        raise UnclearSourceError(f"git {arguments[0]}: {_reason(done.stderr or done.stdout)}")
    return done.stdout.strip()


def _reason(said: str) -> str:
    """Git's own reason, which advice may follow, or else what a hook said last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    return [*reasons, *lines[-1:], "no reason given"][0]
