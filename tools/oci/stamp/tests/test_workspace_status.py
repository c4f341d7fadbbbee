"""The workspace status command of `--config=stamp`, run in a temporary repository."""

import os
import subprocess
from pathlib import Path

import pytest

from tools.oci.stamp.labels import read_status

_COMMAND = Path("tools/oci/stamp/workspace_status.sh").absolute()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one tagged commit of a fixed time."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "fixture")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "fixture@example.com")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-29T05:00:00+02:00")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    (tmp_path / "code").write_text("one")
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "One"], ["tag", "v1"]):
        _git(tmp_path, *arguments)
    return tmp_path


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def _status(folder: Path) -> dict[str, str]:
    done = subprocess.run([_COMMAND], cwd=folder, capture_output=True, text=True, check=True)
    return dict(read_status(done.stdout))


def test_status_names_the_commit_and_its_moment_in_utc(repository: Path) -> None:
    """The status has the commit's hash, also for a tagged commit, and its time in UTC."""
    assert _status(repository) == {
        "STABLE_GIT_COMMIT": _git(repository, "rev-parse", "HEAD"),
        "STABLE_GIT_COMMIT_TIME": "2026-11-29T03:00:00Z",
    }


def test_changes_that_are_not_committed_are_marked(repository: Path) -> None:
    """Uncommitted changes add `-dirty`, so that an image with them does not claim to be built from the commit."""
    (repository / "code").write_text("two")
    assert _status(repository)["STABLE_GIT_COMMIT"] == _git(repository, "rev-parse", "HEAD") + "-dirty"
