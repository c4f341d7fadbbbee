"""Detecting that a lock no longer fits its requirements."""

import pytest
from packaging.requirements import Requirement

from tools.requirements.drift import complaints, unexplained, unmet_needs
from tools.requirements.lockfile import read_lock, read_requirements

_HASH = "a" * 64


def _lock(*pins: str) -> str:
    return "".join(f"{pin} \\\n    --hash=sha256:{_HASH}\n    # via -r requirements.in\n" for pin in pins)


def _asked(text: str) -> dict[str, list[Requirement]]:
    return {"requirements.in": read_requirements(text)}


def test_a_fresh_lock_has_no_complaint() -> None:
    """A requirement pinned as written, extras included, is right."""
    lock = read_lock(_lock("fastapi==1.2", "sqlalchemy[asyncio]==2.1"))
    assert complaints(_asked("fastapi>=1\nsqlalchemy[asyncio]\n"), lock) == []


@pytest.mark.parametrize(
    ("requirements", "complaint"),
    [
        ("fastapi\nhttpx", "httpx: the lock does not pin it"),
        ("fastapi>=2", "fastapi>=2: the lock pins 1.2"),
        ("fastapi[all]", "fastapi[all]: the lock leaves out the extra all"),
        ("", "fastapi is in the lock for requirements.in, which does not require it"),
    ],
)
def test_an_edit_of_the_requirements_is_noticed(requirements: str, complaint: str) -> None:
    """Adding, tightening, asking for an extra and removing each need a new lock."""
    assert complaints(_asked(requirements), read_lock(_lock("fastapi==1.2"))) == [complaint]


def test_a_pin_whose_parent_has_gone_is_noticed() -> None:
    """A distribution that only a removed one needed is reported too."""
    text = _lock("fastapi==1.2") + f"idna==3.1 \\\n    --hash=sha256:{_HASH}\n    # via httpx\n"
    found = complaints(_asked("fastapi"), read_lock(text))
    assert found == ["idna is in the lock for httpx, which is not in the lock"]


def test_a_pin_without_hash_is_noticed() -> None:
    """A pin without a hash is reported, because any file would satisfy it."""
    lock = read_lock("fastapi==1.2\n    # via -r requirements.in\n")
    assert complaints(_asked("fastapi"), lock) == ["fastapi has no hash"]


def test_what_a_wheel_needs_must_be_pinned() -> None:
    """Requirements for Linux must be pinned; those for Windows and for extras that are not requested need not be."""
    lock = read_lock(_lock("click==8.0"))
    needs = ["colorama; sys_platform == 'win32'", "rich; extra == 'pretty'", "idna>=3"]
    assert unmet_needs("click", needs, lock) == ["click needs idna>=3: the lock does not pin it"]


def test_each_requirements_file_of_a_track_is_asked_for_its_own() -> None:
    """A requirement is satisfied only by a pin whose `via` comment names its requirements file."""
    lock = read_lock(_lock("fastapi==1.2"))
    asked = {"requirements.in": [], "requirements/old.in": read_requirements("fastapi==1.*")}
    assert complaints(asked, lock) == [
        "fastapi is in the lock for requirements.in, which does not require it",
        "fastapi is required by requirements/old.in, and the lock does not record this",
    ]


def _track(**versions: str) -> str:
    parents = {"core": "pydantic", "anyio": "httpx"}
    return "".join(
        f"{name}=={version} \\\n    --hash=sha256:{_HASH}\n    # via {parents.get(name, '-r requirements.in')}\n"
        for name, version in versions.items()
    )


def test_what_a_track_requires_may_take_others_with_it() -> None:
    """A pin that differs because of a requirement of the track is accepted."""
    main, track = (read_lock(_track(pydantic=version, core=version, idna="1")) for version in ("2.14", "2.13"))
    assert unexplained(read_requirements("pydantic==2.13"), track, main) == []


def test_a_pin_that_stayed_behind_the_main_lock_is_noticed() -> None:
    """A track's pin must equal the main lock's if no requirement of the track explains a difference."""
    main, track = read_lock(_track(pydantic="2.14", idna="2")), read_lock(_track(pydantic="2.13", idna="1"))
    found = unexplained(read_requirements("pydantic==2.13"), track, main)
    assert found == ["idna is 1, and 2 in the main lock, which the track could have"]
