"""A library imports the version of the track of the test or program that uses it."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from python.versions import version


def _locked(lock: Path) -> str:
    lines = lock.read_text(encoding="utf-8").splitlines()
    return next(line.split()[0].partition("==")[2] for line in lines if line.startswith("pydantic=="))


def main(lock: Path, programs: list[str]) -> None:
    """Compare the version in this process with its lock, and those of programs on both tracks with each other."""
    assert Path(os.environ["LOCK"]) == lock, "locations in env are expanded"
    assert version() == metadata.version("pydantic") == _locked(lock)
    said = [
        subprocess.run([Path(each).absolute()], capture_output=True, text=True, check=True).stdout for each in programs
    ]
    assert len(set(said)) == 2, said
    assert f"{version()}\n" in said


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
