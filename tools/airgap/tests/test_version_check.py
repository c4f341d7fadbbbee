"""A Bazel of another release series is used if it passes the self-test, and always with a message."""

import pytest

from tools.airgap import bootstrap, enter, version_check
from tools.airgap.errors import AirgapError
from tools.airgap.paths import Paths

PATHS = Paths("/checkout", "/cache")


@pytest.fixture(autouse=True)
def series(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout written for 7.7."""
    monkeypatch.setattr(bootstrap, "series", lambda _: "7.7.")


def self_test(monkeypatch: pytest.MonkeyPatch, code: int) -> list[list[str]]:
    """Make the self-test exit with the code, and return the commands that were run."""
    ran: list[list[str]] = []

    def run_inside(root: str, paths: Paths, command: list[str]) -> int:
        assert (root, paths) == ("/root.part", PATHS)
        ran.append(command)
        return code

    monkeypatch.setattr(enter, "run_inside", run_inside)
    return ran


def test_same_series(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Another patch version of the series is accepted without a test and without a message."""
    ran = self_test(monkeypatch, 1)
    version_check.check_version("/root.part", "7.7.9+ds-1", PATHS)
    assert ran == []
    assert capsys.readouterr().err == ""


def test_passing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that passes the self-test is used, with a message."""
    ran = self_test(monkeypatch, 0)
    version_check.check_version("/root.part", "8.1.0", PATHS)
    assert ran == [version_check.SELF_TEST]
    assert "using Bazel 8.1.0 in place of 7.7.*" in capsys.readouterr().err


def test_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that fails the self-test is refused, with the remedy."""
    self_test(monkeypatch, 3)
    with pytest.raises(AirgapError, match="fails the self-test; set DEBIAN_MIRROR"):
        version_check.check_version("/root.part", "8.1.0", PATHS)
