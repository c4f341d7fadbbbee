"""The lock of each dependency track is what `bazel run //:requirements.update` makes of its requirements."""

import os
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tools.requirements.drift import complaints, unexplained, unmet_needs
from tools.requirements.lockfile import Pin, read_lock, read_pins, read_requirements
from tools.requirements.track_lock import with_main_blocks
from tools.requirements.tracks import Track, find_tracks, required_files

_MEND = "run: bazel run //:requirements.update"
_MAIN, *_OTHERS = find_tracks(Path.cwd())
_TEXTS = {track: Path(track.lock).read_text(encoding="utf-8") for track in (_MAIN, *_OTHERS)}
_LOCK = read_lock(_TEXTS[_MAIN])
# The track that this test is built on, whose wheels are among its runfiles.
_TEXT_OF_BUILD = next(text for track, text in _TEXTS.items() if track.name == os.environ["TRACK"])

each_track = pytest.mark.parametrize("track", _TEXTS, ids=lambda track: track.name)
each_other_track = pytest.mark.parametrize("track", _OTHERS, ids=lambda track: track.name)


def _unpacked() -> list[Distribution]:
    """List every distribution whose metadata is in the runfiles, each in a separate folder."""
    folders = Path(os.environ["RUNFILES_DIR"]).glob("*/site-packages")
    return [found for folder in folders for found in distributions(path=[str(folder)])]


@each_track
def test_lock_and_requirements_agree(track: Track) -> None:
    """Every requirement has a pin that satisfies it, and every pin is required by a file."""
    files = required_files(track, Path.cwd())
    requirements = {file: read_requirements(text) for file, text in files.items()}
    found = complaints(requirements, read_lock(_TEXTS[track]))
    assert not found, "\n".join([*found, _MEND])


@each_other_track
def test_a_track_differs_from_the_main_lock_only_where_it_says_so(track: Track) -> None:
    """All other pins have the same lines as in the main lock, so that both tracks share one repository."""
    requirements = read_requirements(Path(track.requirements).read_text(encoding="utf-8"))
    found = unexplained(requirements, read_lock(_TEXTS[track]), _LOCK)
    assert not found, "\n".join([*found, _MEND])
    assert with_main_blocks(_TEXTS[track], _TEXTS[_MAIN]) == _TEXTS[track], _MEND


@each_track
def test_no_pin_depends_on_the_micro_version_of_python(track: Track) -> None:
    """Images have Python 3.11.2 and registry mode has another 3.11, and both must produce the same images."""
    found = [
        f"{pin.name}: its marker `{marker}` differs within Python 3.11; name it in {track.requirements} and in `deps`"
        for pin in read_pins(_TEXTS[track])
        if (marker := pin.requirement.marker)
        and marker.evaluate({"python_full_version": "3.11.0"}) != marker.evaluate({"python_full_version": "3.11.99"})
    ]
    assert not found, "\n".join(found)


def test_every_wheel_finds_its_needs_in_the_lock() -> None:
    """The requirements in the metadata of the wheels are pinned, in versions that satisfy them."""
    lock = read_lock(_TEXT_OF_BUILD)
    found = [
        complaint
        for distribution in _unpacked()
        for complaint in unmet_needs(distribution.name, distribution.requires or [], lock)
    ]
    assert not found, "\n".join([*found, _MEND])


def test_the_wheels_are_those_of_the_lock() -> None:
    """The build unpacks the versions that the lock pins, and all that Linux takes on every track."""
    unpacked = {canonicalize_name(found.name): found.version for found in _unpacked()}
    locks = [_linux_pins(text) for text in _TEXTS.values()]
    pinned = {name: pin for name, pin in _linux_pins(_TEXT_OF_BUILD).items() if all(name in lock for lock in locks)}
    assert unpacked == pinned


def _linux_pins(text: str) -> dict[str, str]:
    return {name: pin.version for name, pin in read_lock(text).items() if pin.is_for_linux}


@pytest.mark.parametrize(
    "pin",
    [pin for text in _TEXTS.values() for pin in read_lock(text).values()],
    ids=lambda pin: f"{pin.name}-{pin.version}",
)
def test_each_pin_names_its_files(pin: Pin) -> None:
    """Each pin lists its file names, so a wheel is found by its hash without a request to an index."""
    assert pin.files or not pin.is_for_linux, _MEND
