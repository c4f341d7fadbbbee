"""Where the requirements and the lock of each dependency track are."""

from pathlib import Path

import pytest

from tools.requirements.tracks import Track, TrackError, find_locks, find_tracks, required_files


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one track, `old`."""
    tmp_path.joinpath("requirements.in").write_text("# Web.\napp\nbase[x]>=1\n")
    tmp_path.joinpath("requirements").mkdir()
    tmp_path.joinpath("requirements/old.in").write_text("Base==1.0\nother\n")
    return tmp_path


def test_each_file_in_the_folder_is_a_track(workspace: Path) -> None:
    """The main lock comes first; each lock is in the folder of its requirements file."""
    assert [track.name for track in find_tracks(workspace)] == ["main", "old"]
    assert find_locks(workspace) == ["requirements_lock.txt", "requirements/old_lock.txt"]


def test_without_the_folder_there_is_the_main_track(tmp_path: Path) -> None:
    """A workspace without tracks works as before."""
    assert find_locks(tmp_path) == ["requirements_lock.txt"]


def test_a_name_in_a_track_replaces_that_of_the_main_requirements(workspace: Path) -> None:
    """All other lines of requirements.in apply to the track as well; names are compared in normalized form."""
    assert required_files(Track.named("old"), workspace) == {
        "requirements.in": "# Web.\napp\n",
        "requirements/old.in": "Base==1.0\nother\n",
    }


@pytest.mark.parametrize("name", ["main", "Old", "1st", "a-b"])
def test_a_name_that_labels_and_platforms_cannot_have_is_refused(workspace: Path, name: str) -> None:
    """The message has the file and the permitted form of a name."""
    workspace.joinpath(f"requirements/{name}.in").touch()
    with pytest.raises(TrackError, match=rf"requirements/{name}.in: a track's name starts with a letter"):
        find_tracks(workspace)


def test_a_line_that_is_no_requirement_is_refused_with_its_file(workspace: Path) -> None:
    """Options such as `-r` are not allowed in the file of a track."""
    workspace.joinpath("requirements/old.in").write_text("-r other.in\n")
    with pytest.raises(TrackError, match=r"requirements/old\.in: .*-r other\.in"):
        required_files(Track.named("old"), workspace)
