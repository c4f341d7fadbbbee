"""An outdated base is marked, and the mark is checked before an image is published."""

import json
from pathlib import Path

import pytest

from tools.oci.base.status import OutdatedBaseError, check_current, main

_OUTDATED = {
    "architecture": "arm64",
    "package": "libssl3",
    "wanted": "3.0.22",
    "used": "3.0.20",
    "update": "//tools/oci/base:update",
}


@pytest.fixture
def current(tmp_path: Path) -> Path:
    """The status of a base with the locked packages."""
    return _status(tmp_path / "current.json", [])


@pytest.fixture
def outdated(tmp_path: Path) -> Path:
    """The status of a base with an older OpenSSL."""
    return _status(tmp_path / "outdated.json", [_OUTDATED])


def _status(path: Path, packages: list[dict[str, str]]) -> Path:
    path.write_text(json.dumps({"outdated": packages}))
    return path


def test_current_base_passes(current: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A base with the locked packages passes without output."""
    check_current(current, allowed=False)
    assert capsys.readouterr().err == ""


def test_outdated_base_is_refused(outdated: Path) -> None:
    """The error has package, architecture, both versions, and both remedies."""
    with pytest.raises(OutdatedBaseError) as refused:
        check_current(outdated, allowed=False)
    said = str(refused.value)
    assert "libssl3 3.0.20 instead of 3.0.22 for arm64" in said
    assert "bazel run //tools/oci/base:update" in said
    assert "--allow-outdated-base" in said


def test_outdated_base_passes_with_a_warning_where_allowed(outdated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the flag an outdated base passes with a warning."""
    check_current(outdated, allowed=True)
    assert "warning: the base image is outdated: libssl3" in capsys.readouterr().err


def test_each_lock_has_its_own_remedy(tmp_path: Path) -> None:
    """The error names the command of every lock that has an older package."""
    own = _OUTDATED | {"package": "tini", "update": "//services/a/debian:update"}
    with pytest.raises(OutdatedBaseError) as refused:
        check_current(_status(tmp_path / "both.json", [_OUTDATED, own]), allowed=False)
    assert "run `bazel run //services/a/debian:update` and `bazel run //tools/oci/base:update`, or" in str(
        refused.value
    )


def test_one_file_is_made_of_all_architectures(
    current: Path, outdated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The merged file has the packages of all files, without duplicates."""
    main([str(current), str(outdated), str(outdated)])
    assert json.loads(capsys.readouterr().out) == {"outdated": [_OUTDATED]}
