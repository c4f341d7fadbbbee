"""All tracks made by the real uv against a small index on loopback."""

from pathlib import Path

import pytest

from tools.requirements.lockfile import read_lock
from tools.requirements.testing import publish
from tools.requirements.tracks import Track, TrackError
from tools.requirements.update import EVERYTHING, update

_OLD = Track.named("old")


class _Workspace:
    """A workspace that requires `app`, which needs any `base`, and a track that requires `base` 1."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = environment
        self.folder.joinpath("requirements").mkdir(parents=True)
        self.folder.joinpath("requirements.in").write_text("app\n")
        self.require("base==1.*\n")

    def require(self, text: str) -> None:
        """Write the requirements of the track."""
        self.folder.joinpath(_OLD.requirements).write_text(text)

    def update(self, *upgrade: str, track: str | None = None) -> None:
        """Update the locks and write them."""
        update(self.folder, upgrade=upgrade, only_track=track, environment=self._environment).write(self.folder)

    def versions(self, track: str) -> dict[str, str]:
        """Return what a lock pins."""
        text = self.folder.joinpath(Track.named(track).lock).read_text()
        return {str(name): pin.version for name, pin in read_lock(text).items()}


@pytest.fixture
def workspace(tmp_path: Path, index: tuple[Path, dict[str, str]]) -> _Workspace:
    """A workspace whose index also has `base` 2.0."""
    publish(index[0], "base", "2.0")
    made = _Workspace(tmp_path / "workspace", index[1])
    made.update()
    return made


def test_a_track_holds_the_main_lock_with_its_differences(workspace: _Workspace) -> None:
    """Distributions that the track does not name have the version of the main lock."""
    assert workspace.versions("main") == {"app": "1.0", "base": "2.0"}
    assert workspace.versions("old") == {"app": "1.0", "base": "1.0"}


def test_a_track_follows_the_main_lock(workspace: _Workspace, index: tuple[Path, dict[str, str]]) -> None:
    """An upgrade of the main lock reaches each track that can have it, also by an exact version."""
    publish(index[0], "app", "1.1", needs="base>=1")
    workspace.update()
    assert workspace.versions("old")["app"] == "1.0"
    workspace.update("app==1.1")
    assert workspace.versions("old") == {"app": "1.1", "base": "1.0"}


def test_a_tracks_own_pins_stay_until_an_upgrade(workspace: _Workspace, index: tuple[Path, dict[str, str]]) -> None:
    """A new release within the range of the track is taken with the upgrade of that name, or of everything."""
    publish(index[0], "base", "1.1")
    workspace.update()
    assert workspace.versions("old")["base"] == "1.0"
    workspace.update("base")
    assert workspace.versions("old")["base"] == "1.1"
    publish(index[0], "base", "1.2")
    workspace.update(EVERYTHING)
    assert workspace.versions("old")["base"] == "1.2"


def test_an_exact_version_can_be_for_one_track(workspace: _Workspace, index: tuple[Path, dict[str, str]]) -> None:
    """`--track` does not change the main lock."""
    publish(index[0], "base", "1.1")
    publish(index[0], "base", "1.2")
    workspace.update("base==1.1", track="old")
    assert (workspace.versions("main")["base"], workspace.versions("old")["base"]) == ("2.0", "1.1")


def test_a_track_that_cannot_be_resolved_leaves_every_lock_as_it_was(
    workspace: _Workspace, index: tuple[Path, dict[str, str]]
) -> None:
    """Uv's reason is one sentence without drawings, after the file that has to change."""
    publish(index[0], "app", "1.1", needs="base>=2")
    workspace.require("base==1.*\napp>=1.1\n")
    with pytest.raises(TrackError) as error:
        workspace.update("app")
    reason = str(error.value)
    assert reason.startswith("requirements/old.in cannot be resolved together with the rest of requirements.in: No sol")
    assert "base" in reason
    assert "\n" not in reason
    assert workspace.versions("main")["app"] == "1.0"


@pytest.mark.parametrize(
    ("name", "track", "reason"),
    [
        ("idna", None, "There is no idna in requirements_lock.txt to upgrade"),
        ("app", "old", "There is no app in requirements/old_lock.txt beside requirements_lock.txt to upgrade"),
        ("app", "new", "there is no track new; there are main, old"),
    ],
)
def test_what_cannot_be_upgraded_is_said(workspace: _Workspace, name: str, track: str | None, reason: str) -> None:
    """A misspelled name or track is no success."""
    with pytest.raises(TrackError, match=reason):
        workspace.update(name, track=track)
