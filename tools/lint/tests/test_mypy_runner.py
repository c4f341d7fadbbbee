"""The build's calls of mypy, each in a separate process."""

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tools.lint import mypy_runner

RUNNER = pathlib.Path(mypy_runner.__file__).absolute()
GOOD = '"""A module."""\n\n\ndef double(n: int) -> int:\n    """Double."""\n    return 2 * n\n'
BAD = GOOD.replace("return 2 * n", "return str(n)")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """Give a working directory with this repository's settings."""
    (tmp_path / "pyproject.toml").write_text(pathlib.Path("pyproject.toml").read_text())
    return tmp_path


def check(folder: pathlib.Path, text: str, *, imports: Sequence[str] = (), cache: str = "") -> tuple[int, str]:
    """Check a module of this text; give the status and what was printed."""
    (folder / "module.py").write_text(text)
    spec = {"config": "pyproject.toml", "files": ["module.py"], "imports": imports}
    spec |= {"cache": cache} if cache else {"write_cache": "out"}
    (folder / "spec.json").write_text(json.dumps(spec))
    process = subprocess.run(
        [sys.executable, str(RUNNER), "spec.json"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return process.returncode, process.stdout + process.stderr


def test_well_typed_module_is_green(folder: pathlib.Path) -> None:
    """Mypy is content, so the status is 0 and nothing is printed."""
    assert check(folder, GOOD) == (0, "")


def test_wrong_type_is_red(folder: pathlib.Path) -> None:
    """The message names file and line."""
    status, output = check(folder, BAD)
    assert status == 1
    assert 'module.py:6: error: Incompatible return value type (got "str"' in output


def test_missing_annotation_is_red(folder: pathlib.Path) -> None:
    """The settings are strict."""
    assert check(folder, "def f(x):\n    return x\n")[0] == 1


def test_cache_is_read_and_left_alone(folder: pathlib.Path) -> None:
    """A run starts from the cache of an earlier one and does not write to it."""
    assert check(folder, GOOD)[0] == 0
    before = {path: path.read_bytes() for path in folder.glob("out/**/*.db")}
    assert before
    assert check(folder, BAD, cache="out")[0] == 1
    assert {path: path.read_bytes() for path in folder.glob("out/**/*.db")} == before


def test_wheels_give_types_and_no_findings(folder: pathlib.Path) -> None:
    """An error inside third-party code is not reported."""
    wheel = folder / "wheel" / "site-packages" / "far"
    wheel.mkdir(parents=True)
    (wheel / "__init__.py").write_text("def away(n: int) -> str:\n    return n\n")
    (wheel / "py.typed").write_text("")
    text = '"""A module."""\n\nfrom far import away\n\nreveal_type(away)\n'
    status, output = check(folder, text, imports=["wheel/site-packages"])
    assert 'Revealed type is "def (n: int) -> str"' in output
    assert (status, "error" in output) == (0, False)


def test_undeclared_import_names_the_remedy(folder: pathlib.Path) -> None:
    """A module that is not found is followed by the entry to add to deps; other errors are not."""
    status, output = check(folder, '"""A module."""\n\nimport absent\n')
    assert status == 1
    assert 'add "//libs/NAME" for libs.NAME' in output
    assert "libs/NAME" not in check(folder, BAD)[1]
