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
    return Source(revision=_git(workspace, "rev-parse", "HEAD"), is_committed=not changed)


def commit(workspace: Path, message: str, paths: Sequence[Path]) -> str | None:
    """Commit these files and no others; None when they are committed already.

    Raises:
        UnclearSourceError: git would not.
    """
    names = [str(path.relative_to(workspace)) for path in paths]
    if not _git(workspace, "status", "--porcelain", "--", *names):
        return None
    _git(workspace, "add", "--all", "--", *names)
    _git(workspace, "commit", "--quiet", "--message", message, "--", *names)
    return _git(workspace, "rev-parse", "HEAD")


def _git(workspace: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", workspace, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UnclearSourceError(f"git {arguments[0]}: {said[-1] if said else 'no reason given'}")
    return done.stdout.strip()
