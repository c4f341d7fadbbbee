"""Copies of generated clients in the source tree."""

from pathlib import Path

import pytest

from tools.client_generator.copy_clients import main


def test_only_what_differs_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only changed files are written, and the command prints them."""
    file = Path("services/shop/client/api.py")
    for folder in ("built", "tree"):
        (tmp_path / folder / file).parent.mkdir(parents=True)
    (tmp_path / "built" / file).write_text("new")
    (tmp_path / "tree" / file).write_text("old")
    monkeypatch.chdir(tmp_path / "built")
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path / "tree"))
    assert [main([str(file)]), main([str(file)])] == [0, 0]
    assert (tmp_path / "tree" / file).read_text() == "new"
    assert capsys.readouterr().err.splitlines() == [
        f"clients: wrote {file}",
        "clients: 0 files are up to date",
        "clients: 1 files are up to date",
    ]


def test_without_a_source_tree_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Outside of `bazel run` nothing is written, and the error has the command to run."""
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    assert main(["x"]) == 1
    assert "bazel run //:clients" in capsys.readouterr().err
