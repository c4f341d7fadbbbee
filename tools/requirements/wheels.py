"""Selects the files of a distribution that a build for Linux can use, by their names (PEP 425, PEP 600)."""

from collections.abc import Iterable
from itertools import chain

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

PYTHON = (3, 11)
MACHINES = ("x86_64", "aarch64")
_NEWEST_GLIBC_MINOR = 36  # of Debian 12, which the images are made of


def _platforms(machine: str) -> list[str]:
    old = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
    levels = [f"manylinux_2_{minor}" for minor in range(_NEWEST_GLIBC_MINOR, 4, -1)]
    return [f"{level}_{machine}" for level in [*levels, *old.values(), "linux"]]


def _fitting_tags() -> frozenset[Tag]:
    platforms = [platform for machine in MACHINES for platform in _platforms(machine)]
    return frozenset(
        chain(
            cpython_tags(PYTHON, platforms=platforms),
            compatible_tags(PYTHON, interpreter="cp311", platforms=platforms),
        )
    )


_FITTING = _fitting_tags()


def fitting(filenames: Iterable[str]) -> list[str]:
    """Keep the wheels that run on Python 3.11 on one of our Linux platforms."""
    wheels = [name for name in filenames if name.endswith(".whl")]
    return [name for name in wheels if parse_wheel_filename(name)[3] & _FITTING]
