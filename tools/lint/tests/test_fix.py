"""The fixer, on a small repository, with the real programs."""

import pathlib
import subprocess

import pytest

from tools.lint import fix

UGLY = '"""A module."""\n\nimport sys\nimport os\n\nPLACES = [os.sep,sys.path]\n'
NEAT = '"""A module."""\n\nimport os\nimport sys\n\nPLACES = [os.sep, sys.path]\n'


@pytest.fixture
def tree(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty git repository with this repository's settings."""
    for name in ("pyproject.toml", ".buildifier.json"):
        (tmp_path / name).write_text(pathlib.Path(name).read_text())
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    return tmp_path


def test_files_are_mended(tree: pathlib.Path) -> None:
    """Imports are sorted and the text is formatted, also in files that are not in git yet."""
    (tree / "ugly.py").write_text(UGLY)
    assert fix.main([]) == 0
    assert (tree / "ugly.py").read_text() == NEAT


def test_check_writes_nothing(tree: pathlib.Path) -> None:
    """With --check the exit code is 1 and the file is unchanged."""
    (tree / "ugly.py").write_text(UGLY)
    assert fix.main(["--check"]) == 1
    assert (tree / "ugly.py").read_text() == UGLY


def test_what_no_program_mends_is_told(tree: pathlib.Path) -> None:
    """A finding that cannot be fixed automatically makes the exit code 1."""
    (tree / "bare.py").write_text('"""A module."""\n\n\ndef f(x):\n    """F."""\n')
    assert fix.main([]) == 1


def test_ignored_and_deleted_files_are_left_out(tree: pathlib.Path) -> None:
    """Ignored and deleted files are skipped, and names can have spaces."""
    (tree / ".gitignore").write_text("out.py\n")
    for name in ("out.py", "with space.py", "gone.py"):
        (tree / name).write_text(NEAT)
    subprocess.run(["git", "-C", str(tree), "add", "gone.py"], check=True)
    (tree / "gone.py").unlink()
    files = fix.source_files(tree)
    assert "with space.py" in files
    assert not {"out.py", "gone.py"} & set(files)


def test_missing_program_is_said(
    tree: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without buildifier the Starlark is not changed, and one line reports it."""
    monkeypatch.setattr(fix.Tool, "program", lambda _: None)
    (tree / "a.bzl").write_text("")
    assert fix.main([]) == 0
    assert "buildifier is not available, so 1 files are not checked" in capsys.readouterr().err
