"""Which commit a release is of."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tools.release.release import UnclearSourceError, read_source


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository with one commit."""
    (tmp_path / "lock.txt").write_text("locked")
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", tmp_path, *identity, *command], check=True)
    return tmp_path


def test_source_is_the_commit_and_the_locks(workspace: Path) -> None:
    """The revision is HEAD's, the locks have the hashes of their content."""
    source = read_source(workspace, ["lock.txt"])
    head = (workspace / ".git/refs/heads").iterdir()
    assert source.revision == next(head).read_text().strip()
    assert source.locks == {"lock.txt": hashlib.sha256(b"locked").hexdigest()}


def test_changed_tree_is_no_source(workspace: Path) -> None:
    """What is not committed cannot be named, so it is not released."""
    (workspace / "lock.txt").write_text("changed")
    with pytest.raises(UnclearSourceError, match="commit what has changed"):
        read_source(workspace, ["lock.txt"])


def test_folder_without_git_is_no_source(tmp_path: Path) -> None:
    """Outside of a repository there is no commit to name."""
    with pytest.raises(UnclearSourceError, match="git does not say"):
        read_source(tmp_path, [])
