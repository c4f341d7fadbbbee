"""Find the last commit that has fewer migrations of a service than today's code."""

import io
import re
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_MIGRATION = re.compile(r"m(\d+)_\w+\.py")


class HistoryError(Exception):
    """The previous code cannot be found in the git history."""


@dataclass(frozen=True, slots=True)
class Past:
    """A commit, and the newest migration that it has of a service."""

    commit: str
    revision: str


def newest(names: Iterable[str]) -> str:
    """Return the number of the newest migration among these files; "" if there is none."""
    return max((match[1] for name in names if (match := _MIGRATION.fullmatch(name))), default="")


def last_before(workspace: Path, migrations: str) -> Past | None:
    """Return the last commit whose newest migration in the folder `migrations` is older than today's.

    None if there was no earlier migration.

    Raises:
        HistoryError: there is no git, no commit, or a shallow clone without that commit.
    """
    now = newest(path.name for path in (workspace / migrations).iterdir())
    for commit in _candidates(workspace, migrations):
        names = _git(workspace, "ls-tree", "--name-only", f"{commit}:{migrations}", may_fail=True).decode().split()
        if "" < newest(names) < now:
            return Past(commit, newest(names))
    if _git(workspace, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise HistoryError(f"this clone has no commit before the last change of {migrations}: git fetch --unshallow")
    return None


def export(workspace: Path, commit: str, folder: Path) -> None:
    """Write the files of a commit into `folder`."""
    with zipfile.ZipFile(io.BytesIO(_git(workspace, "archive", "--format=zip", commit))) as archive:
        archive.extractall(folder)


def _candidates(workspace: Path, migrations: str) -> Iterator[str]:
    """Yield HEAD, which lacks an uncommitted migration, and the commit before each change of the folder."""
    yield _git(workspace, "rev-parse", "HEAD").decode().strip()
    for commit in _git(workspace, "rev-list", "HEAD", "--", migrations).decode().split():
        if parent := _git(workspace, "rev-parse", "--verify", "--quiet", f"{commit}^", may_fail=True):
            yield parent.decode().strip()


def _git(workspace: Path, *arguments: str, may_fail: bool = False) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=workspace, capture_output=True, check=False)
    if done.returncode == 0:
        return done.stdout
    if may_fail:
        return b""
    raise HistoryError(f"git {arguments[0]}: {done.stderr.decode().strip()}")
