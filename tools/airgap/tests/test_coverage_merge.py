"""The program that merges reports of `bazel coverage`, run as Bazel runs it."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path("tools/airgap/modules/coverage_tools/merge.py").absolute()
FIRST = """\
SF:libs/sign.py
FN:1,4,sign
FNDA:1,sign
FNF:1
FNH:1
BRDA:2,0,jump to line 3,0
BRDA:2,0,jump to line 4,1
BRF:2
BRH:1
DA:1,1
DA:2,1
DA:3,0
DA:4,1
LF:4
LH:3
end_of_record
"""
SECOND = """\
TN:
SF:libs/sign.py
FN:1,4,sign
FNDA:0,sign
BRDA:2,0,jump to line 3,-
BRDA:2,0,jump to line 4,-
DA:1,1
DA:2,0
DA:3,0
DA:4,0,a checksum
end_of_record
SF:libs/other.py
DA:7,0
LF:1
LH:0
end_of_record
"""
# Sorted by path; counts added up, totals computed again.
MERGED = """\
SF:libs/other.py
DA:7,0
LF:1
LH:0
end_of_record
SF:libs/sign.py
FN:1,4,sign
FNDA:1,sign
FNF:1
FNH:1
BRDA:2,0,jump to line 3,0
BRDA:2,0,jump to line 4,1
BRF:2
BRH:1
DA:1,2
DA:2,1
DA:3,0
DA:4,1
LF:4
LH:3
end_of_record
"""


def merge(folder: Path, *arguments: str) -> str:
    """Return the file that the program writes."""
    output = folder / "merged"
    subprocess.run([sys.executable, PROGRAM, *arguments, f"--output_file={output}"], check=True)
    return output.read_text()


def test_reports_of_a_folder_are_merged(tmp_path: Path) -> None:
    """All reports below the folder of a test are merged; arguments for other languages are ignored."""
    (tmp_path / "deeper").mkdir()
    (tmp_path / "first.dat").write_text(FIRST)
    (tmp_path / "deeper/second.dat").write_text(SECOND)
    (tmp_path / "data.json").write_text("no report")
    arguments = [f"--coverage_dir={tmp_path}", "--filter_sources=/usr/bin/.+", "--source_file_manifest=m"]
    assert merge(tmp_path, *arguments) == MERGED


def test_listed_reports_are_merged(tmp_path: Path) -> None:
    """The order of reports does not matter."""
    (tmp_path / "first").write_text(FIRST)
    (tmp_path / "second").write_text(SECOND)
    (tmp_path / "reports").write_text(f"{tmp_path}/second\n{tmp_path}/first\n")
    assert merge(tmp_path, f"--reports_file={tmp_path}/reports") == MERGED


def test_branch_of_a_line_that_never_ran_has_no_count(tmp_path: Path) -> None:
    """A branch has the count `-` if no report has a count for it."""
    (tmp_path / "second.dat").write_text(SECOND)
    assert "BRDA:2,0,jump to line 3,-\n" in merge(tmp_path, f"--coverage_dir={tmp_path}")


def test_no_reports_give_an_empty_report(tmp_path: Path) -> None:
    """A test that measured nothing gets an empty file."""
    assert merge(tmp_path, f"--coverage_dir={tmp_path}") == ""
