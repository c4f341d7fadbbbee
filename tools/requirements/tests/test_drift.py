"""Telling that a lock no longer fits its requirements."""

import pytest

from tools.requirements.drift import complaints, unmet_needs
from tools.requirements.lockfile import read_lock, read_requirements

_HASH = "a" * 64


def _lock(*pins: str) -> str:
    return "".join(f"{pin} \\\n    --hash=sha256:{_HASH}\n    # via -r requirements.in\n" for pin in pins)


def test_a_fresh_lock_has_no_complaint() -> None:
    """A requirement pinned as written, extras included, is right."""
    lock = read_lock(_lock("fastapi==1.2", "sqlalchemy[asyncio]==2.1"))
    assert complaints(read_requirements("fastapi>=1\nsqlalchemy[asyncio]\n"), lock) == []


@pytest.mark.parametrize(
    ("requirements", "complaint"),
    [
        ("fastapi\nhttpx", "httpx: the lock does not pin it"),
        ("fastapi>=2", "fastapi>=2: the lock pins 1.2"),
        ("fastapi[all]", "fastapi[all]: the lock leaves out the extra all"),
        ("", "fastapi is in the lock for requirements.in, which does not ask for it"),
    ],
)
def test_an_edit_of_the_requirements_is_noticed(requirements: str, complaint: str) -> None:
    """Adding, tightening, asking for an extra and removing each need a new lock."""
    assert complaints(read_requirements(requirements), read_lock(_lock("fastapi==1.2"))) == [complaint]


def test_a_pin_whose_parent_has_gone_is_noticed() -> None:
    """A distribution that only another one needed goes with it."""
    text = _lock("fastapi==1.2") + f"idna==3.1 \\\n    --hash=sha256:{_HASH}\n    # via httpx\n"
    found = complaints(read_requirements("fastapi"), read_lock(text))
    assert found == ["idna is in the lock for httpx, which is not"]


def test_a_pin_without_hash_is_noticed() -> None:
    """What has no hash could be anything."""
    lock = read_lock("fastapi==1.2\n    # via -r requirements.in\n")
    assert complaints(read_requirements("fastapi"), lock) == ["fastapi has no hash"]


def test_what_a_wheel_needs_must_be_pinned() -> None:
    """A need for Linux counts; one for Windows or for an extra that nobody asked for does not."""
    lock = read_lock(_lock("click==8.0"))
    needs = ["colorama; sys_platform == 'win32'", "rich; extra == 'pretty'", "idna>=3"]
    assert unmet_needs("click", needs, lock) == ["click needs idna>=3: the lock does not pin it"]
