"""The program that bazelw starts, started by hand."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder."""
    command = [sys.executable, str(Path("tools/airgap").absolute()), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_creates_no_root(tmp_path: Path, flag: str) -> None:
    """The help is printed, and the flag is not the folder of a sealed root."""
    done = run(flag, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "bazelw" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    """Without arguments the program to use instead is named."""
    done = run(folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "bazelw: start this program by `./bazelw`, which names the folder\n")
