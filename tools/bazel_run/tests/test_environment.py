"""A missing variable is one sentence."""

from pathlib import Path

import pytest

from tools.bazel_run.environment import path_from_bazel


def test_the_path_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of the variable is returned as a path."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", "/workspace")
    assert path_from_bazel("BUILD_WORKSPACE_DIRECTORY", "bazel run //x") == Path("/workspace")


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_ends_the_program(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """Without a value the program ends with a sentence that names the variable and the command."""
    if value is None:
        monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    else:
        monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", value)
    with pytest.raises(SystemExit) as ended:
        path_from_bazel("BUILD_WORKSPACE_DIRECTORY", "bazel run //x")
    assert ended.value.code == "error: BUILD_WORKSPACE_DIRECTORY is not set: start this program by `bazel run //x`"
