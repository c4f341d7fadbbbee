"""Telling by a wheel's name whether a build for Linux can use it."""

import pytest

from tools.requirements.wheels import fitting


@pytest.mark.parametrize(
    "name",
    [
        "idna-3.1-py3-none-any.whl",
        "six-1.1-py2.py3-none-any.whl",
        "cryptography-50.0.2-cp311-abi3-manylinux_2_28_x86_64.whl",
        "argon2-1.0-cp36-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
        "uvloop-0.23.0-cp311-cp311-manylinux2014_x86_64.whl",
        "ruff-1.0-py3-none-manylinux_2_17_x86_64.whl",
    ],
)
def test_a_wheel_for_our_platforms_fits(name: str) -> None:
    """Wheels of pure Python, the stable ABI, CPython 3.11 and both architectures fit."""
    assert fitting([name]) == [name]


@pytest.mark.parametrize(
    "name",
    [
        "uvloop-0.23.0.tar.gz",
        "uvloop-0.23.0-cp312-cp312-manylinux2014_x86_64.whl",
        "uvloop-0.23.0-cp311-cp311-musllinux_1_2_x86_64.whl",
        "uvloop-0.23.0-cp311-cp311-macosx_10_9_universal2.whl",
        "ruff-1.0-py3-none-win_amd64.whl",
        "new-1.0-cp311-cp311-manylinux_2_39_x86_64.whl",
    ],
)
def test_other_files_do_not(name: str) -> None:
    """Sources, other Pythons, other systems and a glibc newer than the images' are not."""
    assert fitting([name]) == []
