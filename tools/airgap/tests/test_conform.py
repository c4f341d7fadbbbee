"""Running the conformance workspace, with a launcher that only records its arguments."""

import hashlib
from pathlib import Path

import pytest

from tools.airgap.conform import FOLDER, INVENTORIES, conforms

_LAUNCHER = """\
#!/bin/sh
echo "$(basename "$PWD") $*" >> "{log}"
case $1 in
test) [ "$2" != "{failing}" ] ;;
cquery) echo out.txt ;;
info) echo "{root}" ;;
esac
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the folder, and an inventory where a build would put it."""
    (tmp_path / FOLDER).mkdir(parents=True)
    (tmp_path / "out.txt").write_text("source a.py\n", encoding="utf-8")
    return tmp_path


def _launch(root: Path, *, failing: str = "") -> Path:
    log = root / "log"
    launcher = root / "bazelw"
    launcher.write_text(_LAUNCHER.format(log=log, root=root, failing=failing), encoding="utf-8")
    launcher.chmod(0o755)
    return log


def test_both_workspaces_are_tested_in_the_sealed_mode(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The stand-ins' own tests follow, and the fingerprints of what was built are printed."""
    log = _launch(root)
    assert conforms(root, {"BAZELW_INSIDE": "1"})
    said = log.read_text(encoding="utf-8").splitlines()
    assert said[0] == "conformance test //..."
    assert said[-2:] == ["conformance shutdown", f"{root.name} test @rules_python//python/tests/..."]
    digest = hashlib.sha256(b"source a.py\n").hexdigest()
    assert capfd.readouterr().out.splitlines() == [f"{name} {digest}" for name in INVENTORIES]


def test_originals_have_no_tests_of_ours(root: Path) -> None:
    """In the registry mode only the workspace itself is tested."""
    log = _launch(root)
    assert conforms(root, {})
    assert "@rules_python" not in log.read_text(encoding="utf-8")


def test_a_red_test_is_a_failure_and_stops_the_server(root: Path) -> None:
    """A failed run prints no fingerprints, and no Bazel server stays running."""
    log = _launch(root, failing="//...")
    assert not conforms(root, {})
    assert log.read_text(encoding="utf-8").splitlines() == ["conformance test //...", "conformance shutdown"]
