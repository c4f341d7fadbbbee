"""A release requires a current base and a clean commit before anything is sent."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tools.release import release
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
    """A tree with uncommitted changes is refused."""
    (workspace / "lock.txt").write_text("changed")
    with pytest.raises(UnclearSourceError, match="commit this change"):
        read_source(workspace, ["lock.txt"])


def test_folder_without_git_is_no_source(tmp_path: Path) -> None:
    """A folder outside of a git repository is refused."""
    with pytest.raises(UnclearSourceError, match="git cannot name"):
        read_source(tmp_path, [])


_OUTDATED = {"architecture": "amd64", "package": "libssl3", "wanted": "3.0.20-1", "used": "3.0.17-1"}
_OUTDATED["update"] = "//tools/oci/base:update"


def test_outdated_base_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An image whose base has older packages than the lock is refused, unless the flag allows it."""
    status = tmp_path / "base.json"
    status.write_text(json.dumps({"outdated": [_OUTDATED]}))
    monkeypatch.setenv("BASE_STATUS", str(status))
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    arguments = ["--image=x", "--sbom=x", "--target=x", "--default-repository=localhost:9/users", "--key=x"]
    assert release.main(arguments) == 1
    assert "libssl3 3.0.17-1 instead of 3.0.20-1" in capsys.readouterr().err
    assert release.main([*arguments, "--allow-outdated-base"]) == 1
    warning, error = capsys.readouterr().err.splitlines()
    assert warning.startswith("warning: ")
    assert error.startswith("error: git cannot name the current commit")
