"""Finding the last commit of the previous migration, in repositories made for the tests."""

import subprocess
from pathlib import Path

import pytest

from tests.previous.history import HistoryError, Past, export, last_before, newest

_FOLDER = "service/migrations"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits after its second migration."""
    _git(tmp_path, "init", "--quiet", "origin")
    origin = tmp_path / "origin"
    (origin / _FOLDER).mkdir(parents=True)
    _commit(origin, f"{_FOLDER}/m0001_first.py")
    _commit(origin, "other.py")
    _commit(origin, f"{_FOLDER}/m0002_second.py")
    _commit(origin, f"{_FOLDER}/__init__.py")
    return origin


def test_the_last_commit_of_the_migration_before(repository: Path) -> None:
    """The commit before the newest migration is exported, with its other files and no later ones."""
    past = last_before(repository, _FOLDER)
    assert past == Past(_git(repository, "rev-parse", "HEAD~2"), "0001")
    export(repository, past.commit, repository.parent / "old")
    files = [path.name for path in sorted((repository.parent / "old").rglob("*.py"))]
    assert files == ["other.py", "m0001_first.py"]


def test_a_migration_that_is_not_committed(repository: Path) -> None:
    """If the newest migration is not committed, the past is HEAD."""
    (repository / _FOLDER / "m0003_third.py").touch()
    assert last_before(repository, _FOLDER) == Past(_git(repository, "rev-parse", "HEAD"), "0002")


def test_nothing_before(repository: Path) -> None:
    """A service whose first migration is its newest has no past."""
    _git(repository, "checkout", "--quiet", "HEAD~2")
    assert last_before(repository, _FOLDER) is None


@pytest.mark.parametrize("depth", [1, 2])
def test_a_history_that_was_cut_off(repository: Path, depth: int) -> None:
    """In a shallow clone the error states what to fetch; the oldest commit is not taken for the first."""
    shallow = repository.parent / "shallow"
    _git(repository, "clone", "--quiet", f"--depth={depth}", f"file://{repository}", str(shallow))
    with pytest.raises(HistoryError, match="git fetch --unshallow"):
        last_before(shallow, _FOLDER)


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    """The error has git's message."""
    (tmp_path / _FOLDER).mkdir(parents=True)
    with pytest.raises(HistoryError, match="not a git repository"):
        last_before(tmp_path, _FOLDER)


def test_only_migrations_count() -> None:
    """Other files in the folder of migrations are ignored."""
    assert newest(["__init__.py", "m0009_x.py", "m0010_y.py", "m0011_notes.txt", "z.py"]) == "0010"


def _commit(repository: Path, name: str) -> None:
    (repository / name).touch()
    _git(repository, "add", ".")
    _git(repository, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", name)


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
