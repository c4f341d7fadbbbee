"""requirements_lock.txt is what `bazel run //:requirements.update` makes of requirements.in."""

import os
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tools.requirements.drift import complaints, unmet_needs
from tools.requirements.lockfile import Pin, read_lock, read_pins, read_requirements

_MEND = "run: bazel run //:requirements.update"
_LOCK = read_lock(Path("requirements_lock.txt").read_text(encoding="utf-8"))


def _unpacked() -> list[Distribution]:
    """List every distribution whose metadata lies in the runfiles, each in a folder of its own."""
    folders = Path(os.environ["RUNFILES_DIR"]).glob("*/site-packages")
    return [found for folder in folders for found in distributions(path=[str(folder)])]


def test_lock_and_requirements_agree() -> None:
    """Every requirement is pinned as it is written, and nothing is pinned that nobody asked for."""
    requirements = read_requirements(Path("requirements.in").read_text(encoding="utf-8"))
    found = complaints(requirements, _LOCK)
    assert not found, "\n".join([*found, _MEND])


def test_no_pin_depends_on_the_micro_version_of_python() -> None:
    """Images have Debian's Python 3.11.2 and registry mode another 3.11, and both make the same images."""
    found = [
        f"{pin.name}: its marker `{marker}` differs within Python 3.11; name it in requirements.in and in `deps`"
        for pin in read_pins(Path("requirements_lock.txt").read_text(encoding="utf-8"))
        if (marker := pin.requirement.marker)
        and marker.evaluate({"python_full_version": "3.11.0"}) != marker.evaluate({"python_full_version": "3.11.99"})
    ]
    assert not found, "\n".join(found)


def test_every_wheel_finds_its_needs_in_the_lock() -> None:
    """What the wheels ask for in their metadata is pinned, in a version that they take."""
    found = [
        complaint
        for distribution in _unpacked()
        for complaint in unmet_needs(distribution.name, distribution.requires or [], _LOCK)
    ]
    assert not found, "\n".join([*found, _MEND])


def test_the_wheels_are_those_of_the_lock() -> None:
    """The build unpacks the versions that the lock pins, and all of those that Linux takes."""
    unpacked = {canonicalize_name(found.name): found.version for found in _unpacked()}
    pinned = {name: pin.version for name, pin in _LOCK.items() if pin.is_for_linux}
    assert unpacked == pinned


@pytest.mark.parametrize("pin", _LOCK.values(), ids=lambda pin: pin.name)
def test_each_pin_names_its_files(pin: Pin) -> None:
    """A wheel is found by its hash without asking an index which file that is."""
    assert pin.files or not pin.is_for_linux, _MEND
