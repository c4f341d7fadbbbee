"""The git commit that is deployed, and the commit of a deployment."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.deploy.errors import UnclearSourceError
from tools.deploy.records import CONTRACT

_OURS = (":(exclude)deploy/*/manifests/*", ":(exclude)deploy/*/*.json", ":(exclude)deploy/*/.*.draft")
"""Files that //deploy writes do not make the tree dirty."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A commit, and whether the working tree is equal to it."""

    revision: str
    is_committed: bool

    def __str__(self) -> str:
        """Return the short commit for a report."""
        return self.revision[:12] + ("" if self.is_committed else " with changes that are not committed")


def read_source(workspace: Path) -> Source:
    """Return the state of the working tree; raises UnclearSourceError without a commit."""
    changed = _git(workspace, "status", "--porcelain", "--untracked-files=all", "--", ".", *_OURS)
    # Without a commit, rev-parse reports an ambiguous argument.
    revision = _git(workspace, "log", "-1", "--no-show-signature", "--format=%H")
    return Source(revision=revision, is_committed=not changed)


def check_identity(workspace: Path) -> None:
    """Raise UnclearSourceError if git has no name or address for a commit."""
    for role in ("AUTHOR", "COMMITTER"):
        _git(workspace, "var", f"GIT_{role}_IDENT")


def recorded(workspace: Path, folder: Path) -> list[str]:
    """Return the services whose record in a folder is in the last commit, on disk or not."""
    names = _git(workspace, "ls-tree", "-z", "--name-only", "HEAD", f"{folder.relative_to(workspace)}/").split("\0")
    return [Path(name).stem for name in names if name.endswith(".json") and not name.endswith(CONTRACT)]


def commit(workspace: Path, message: str, paths: Sequence[Path]) -> str | None:
    """Commit these files and no others; return None if they are committed already.

    Raises:
        UnclearSourceError: Git refused the commit.
    """
    names = [str(path.relative_to(workspace)) for path in paths]
    # A record that .gitignore matches would be a deployment without a commit.
    _git(workspace, "add", "--force", "--", *(name for name in names if (workspace / name).exists()))
    # Git fails on unknown paths, so that only those of the index and of HEAD are named.
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
    """Return the reason of git, without its advice, or the last line of a hook."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reasons = [line for line in lines if line.startswith(("fatal: ", "error: "))]
    return [*reasons, *lines[-1:], "no reason given"][0]
