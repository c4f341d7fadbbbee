"""Wheels that only an older lock has."""

from tools.requirements.install import missing

_HASH = "0" * 64


def _lock(*names: str) -> str:
    return "".join(f"{name}==1.2 \\\n    --hash=sha256:{_HASH}\n    # via -r requirements.in\n" for name in names)


def test_pins_that_the_new_lock_lacks_are_named_with_their_hashes() -> None:
    """A name that is in both locks is not installed, even if the versions differ."""
    found = missing(_lock("fastapi", "httpx"), _lock("fastapi", "httpx2"))
    assert found == f"httpx==1.2 \\\n    --hash=sha256:{_HASH}\n"


def test_what_a_missing_pin_requires_comes_with_it() -> None:
    """A requirement of a missing pin is installed too, even if the new lock has it."""
    old = _lock("httpx") + f"certifi==1 \\\n    --hash=sha256:{_HASH}\n    # via httpx\n" + _lock("fastapi")
    found = missing(old, _lock("certifi", "fastapi"))
    assert [line.split("==")[0] for line in found.splitlines() if "==" in line] == ["httpx", "certifi"]


def test_equal_locks_need_nothing() -> None:
    """For equal locks nothing is installed."""
    assert missing(_lock("fastapi"), _lock("fastapi")) == ""
