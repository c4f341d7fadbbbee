"""A program in a test's data runs from any folder, and through a link with any name."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def _run(program: Path, folder: str) -> str:
    return subprocess.run([program, "Ada"], cwd=folder, capture_output=True, text=True, check=True).stdout


def main(program: Path) -> None:
    """Run the program, directly and through a link."""
    assert _run(program, "/") == "Good day, Ada\n"
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "link"
        link.symlink_to(program)
        assert _run(link, folder) == "Good day, Ada\n"
        assert os.environ.get("RUNFILES_DIR") or os.environ.get("RUNFILES_MANIFEST_FILE")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
