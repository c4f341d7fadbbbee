"""Tests of measurements. Each measures a small program in a separate process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MEASURED = """\
import os, subprocess, sys
from tools.build.coverage.measurement import measured

sys.path.insert(0, os.getcwd())
with measured(os.environ):
    exec(sys.argv[1])
"""
SIGN = "def sign(number):\n    if number < 0:\n        return -1\n    return 1\n"


class Workspace:
    """The runfiles of a test, and the folders that Bazel gives to it."""

    def __init__(self, folder: Path) -> None:
        self.runfiles, self.reports, self.manifest = folder / "runfiles", folder / "reports", folder / "manifest"
        self.runfiles.mkdir()
        self.reports.mkdir()

    def write(self, path: str, text: str) -> None:
        """Write a source file outside the runfiles and link it into them, as Bazel does."""
        source = self.runfiles.parent / "sources" / path
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text)
        link = self.runfiles / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(source)

    def report(self, program: str, *, manifest: list[str]) -> dict[str, dict[int, int]]:
        """Run the program and return the counts of lines, by file."""
        self.manifest.write_text("".join(f"{path}\n" for path in manifest))
        environment = {
            "COVERAGE_DIR": str(self.reports),
            "COVERAGE_MANIFEST": str(self.manifest),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        command = [sys.executable, "-c", MEASURED, program]
        run = subprocess.run(command, cwd=self.runfiles, env=environment, capture_output=True, text=True, check=False)
        assert (run.returncode, run.stderr) == (0, "")
        counts: dict[str, dict[int, int]] = {}
        for report in self.reports.glob("*.dat"):
            for line in report.read_text().splitlines():
                kind, _, value = line.partition(":")
                if kind == "SF":
                    lines = counts.setdefault(value, {})
                elif kind == "DA":
                    number, count = value.split(",")
                    lines[int(number)] = int(count)
        return counts


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace(tmp_path)


def test_executed_lines_are_counted(workspace: Workspace) -> None:
    """Lines that ran have the count 1, others 0, under the path of the manifest."""
    workspace.write("libs/sign.py", SIGN)
    counts = workspace.report("import libs.sign; libs.sign.sign(5)", manifest=["libs/sign.py"])
    assert counts == {"libs/sign.py": {1: 1, 2: 1, 3: 0, 4: 1}}


def test_file_that_never_ran_is_reported(workspace: Workspace) -> None:
    """A source file that no test imports has no covered line, and does not raise the total by its absence."""
    workspace.write("libs/sign.py", SIGN)
    assert workspace.report("pass", manifest=["libs/sign.py"]) == {"libs/sign.py": {1: 0, 2: 0, 3: 0, 4: 0}}


def test_other_files_are_not_measured(workspace: Workspace) -> None:
    """Only Python files of the manifest that are in the runfiles are measured."""
    workspace.write("libs/sign.py", SIGN)
    workspace.write("libs/other.py", SIGN)
    workspace.write("libs/data.txt", "")
    manifest = ["libs/sign.py", "libs/data.txt", "libs/absent.py"]
    assert list(workspace.report("import libs.sign, libs.other", manifest=manifest)) == ["libs/sign.py"]


def test_empty_manifest_makes_no_report(workspace: Workspace) -> None:
    """A test without instrumented sources runs as usual."""
    assert workspace.report("pass", manifest=[]) == {}


@pytest.mark.parametrize("end", ["pass", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"])
def test_child_processes_are_measured(workspace: Workspace, end: str) -> None:
    """Lines that a child process executes count, also if SIGTERM ends it."""
    workspace.write("libs/sign.py", SIGN)
    child = f"import libs.sign; libs.sign.sign(-5); {end}"
    program = f"subprocess.run([sys.executable, '-c', {child!r}])"
    assert workspace.report(program, manifest=["libs/sign.py"]) == {"libs/sign.py": {1: 1, 2: 1, 3: 1, 4: 0}}


WAIT = """\
import greenlet

def wait():
    greenlet.getcurrent().parent.switch()
"""
RUN = """\
import greenlet

def run(wait):
    waiting = greenlet.greenlet(wait)
    waiting.switch()
    list(map(lambda n: n, [1]))
    return waiting
"""


def test_greenlets_are_measured(workspace: Workspace) -> None:
    """Lines after a switch of greenlets count; SQLAlchemy switches them for each statement of an AsyncSession."""
    workspace.write("libs/wait.py", WAIT)
    workspace.write("libs/run.py", RUN)
    program = "import libs.run, libs.wait; waiting = libs.run.run(libs.wait.wait)"
    counts = workspace.report(program, manifest=["libs/run.py", "libs/wait.py"])
    assert counts["libs/run.py"][7] == 1
