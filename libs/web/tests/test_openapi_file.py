"""The file that holds the contract of a service."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from libs.web.openapi_file import check_document, document_text, write_document


def _app() -> FastAPI:
    app = FastAPI(title="Café", version="1.0.0")

    @app.get("/b", operation_id="b")
    @app.get("/a", operation_id="a")
    def read() -> int:
        return 1

    return app


def test_the_text_is_sorted_and_readable() -> None:
    """Keys are sorted, characters are not escaped, and the text ends with a line break."""
    text = document_text(_app())
    assert text.index('"/a"') < text.index('"/b"')
    assert '    "title": "Café",\n' in text
    assert text.endswith("}\n")


def test_the_command_writes_into_the_source_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints whether it has changed the file."""
    file = tmp_path / "services/shop/openapi.json"
    file.parent.mkdir(parents=True)
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    assert [write_document("shop", "{}\n"), write_document("shop", "{}\n")] == [0, 0]
    assert file.read_text() == "{}\n"
    assert capsys.readouterr().err.splitlines() == [
        "openapi: wrote services/shop/openapi.json",
        "openapi: services/shop/openapi.json is up to date",
    ]


def test_without_a_source_tree_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a source tree the error names the command to run."""
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    assert write_document("shop", "{}\n") == 1
    assert capsys.readouterr().err == "openapi: run `bazel run //services/shop:openapi` in the source tree\n"


def test_an_equal_file_passes(tmp_path: Path) -> None:
    """For an equal file the exit code is 0."""
    file = tmp_path / "openapi.json"
    file.write_text("{}\n")
    assert check_document("shop", "{}\n", path=file) == 0


def test_another_file_fails_with_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Up to 60 lines of the difference are printed, and the last line names the command."""
    file = tmp_path / "openapi.json"
    file.write_text('{\n  "a": 1\n}\n')
    assert check_document("shop", '{\n  "a": 2\n}\n', path=file) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if '"a"' in line] == ['-  "a": 1', '+  "a": 2']
    assert said[-1] == (
        "openapi: services/shop/openapi.json differs from the application's document; "
        "write it by `bazel run //services/shop:openapi`"
    )
    assert check_document("shop", "\n".join(map(str, range(100))), path=file) == 1
    assert "... 46 more lines\n" in capsys.readouterr().err


def test_a_missing_file_fails_with_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a missing file, as of a new service, the error names the command."""
    assert check_document("shop", "{}\n", path=tmp_path / "openapi.json") == 1
    assert capsys.readouterr().err == (
        "openapi: services/shop/openapi.json does not exist; write it by `bazel run //services/shop:openapi`\n"
    )
