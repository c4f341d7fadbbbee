"""Resolving with the real uv against a small index on loopback."""

from pathlib import Path

import pytest

from tools.requirements.lockfile import read_lock
from tools.requirements.resolver import ResolutionError, Resolver
from tools.requirements.testing import publish


def _lock(
    tmp_path: Path,
    environment: dict[str, str],
    *,
    previous: str = "",
    options: tuple[str, ...] = (),
) -> str:
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)
    return Resolver(folder, environment).lock({"requirements.in": "app\n"}, previous=previous, options=options)


def test_the_lock_pins_everything_and_names_no_host(tmp_path: Path, index: tuple[Path, dict[str, str]]) -> None:
    """Needs are pinned with hashes and file names; the lock does not contain the address of the index."""
    text = _lock(tmp_path, index[1])
    lock = {str(name): pin for name, pin in read_lock(text).items()}
    assert {name: pin.version for name, pin in lock.items()} == {"app": "1.0", "base": "1.0"}
    assert [*lock["base"].files.values()] == ["base-1.0-py3-none-any.whl"]
    assert "127.0.0.1" not in text


def test_pins_stay_until_an_upgrade_is_asked_for(tmp_path: Path, index: tuple[Path, dict[str, str]]) -> None:
    """A new release changes nothing by itself; `--upgrade-package` takes it."""
    root, environment = index
    first = _lock(tmp_path, environment)
    publish(root, "base", "2.0")
    assert _lock(tmp_path, environment, previous=first) == first
    upgraded = _lock(tmp_path, environment, previous=first, options=("--upgrade-package=base",))
    assert "base==2.0" in upgraded


def test_an_index_without_the_package_is_an_error_with_uvs_reason(
    tmp_path: Path, index: tuple[Path, dict[str, str]]
) -> None:
    """If the requirements cannot be resolved, the reason is reported and nothing is written."""
    environment = index[1] | {"PIP_INDEX_URL": index[1]["PIP_INDEX_URL"] + "/nowhere"}
    with pytest.raises(ResolutionError, match="app"):
        _lock(tmp_path, environment)
