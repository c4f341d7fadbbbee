"""The table of a report."""

from pathlib import Path

import pytest

from tools.build.coverage.report import REPORT, main

LCOV = """\
SF:libs/auth/keys.py
BRDA:2,0,jump to line 3,0
BRDA:2,0,jump to line 5,4
DA:1,1
DA:2,4
DA:3,0
DA:5,0
DA:7,1
DA:9,0
LF:6
LH:3
end_of_record
SF:libs/authors.py
DA:1,1
end_of_record
SF:libs/web/__init__.py
end_of_record
"""
TABLE = """\
file                  lines  covered  branches  not covered
libs/auth/keys.py         6     50 %      50 %  3-5, 9; branches at 2
libs/authors.py           1    100 %         -
libs/web/__init__.py      0        -         -
all                       7     57 %      50 %
"""


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a report."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
    report = tmp_path / REPORT
    report.parent.mkdir(parents=True)
    report.write_text(LCOV)
    return tmp_path


def test_every_file_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """Each file has its share of lines and branches, and the lines that no test executed."""
    assert main([]) == 0
    assert capsys.readouterr().out == TABLE


def test_folders_select_files(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder selects the files below it, not those whose path begins with the same letters."""
    assert main(["libs/auth/"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["file", "libs/auth/keys.py", "all"]


def test_folder_without_files_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the folder."""
    assert main(["libs/autj"]) == 2
    assert capsys.readouterr().err == "The report has no file below libs/autj.\n"


def test_missing_report_is_an_error(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the command that makes a report."""
    (workspace / REPORT).unlink()
    assert main([]) == 2
    assert "run `bazel coverage` first" in capsys.readouterr().err
