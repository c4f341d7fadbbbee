"""Files that tools and editors leave in a checkout."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("path", "is_ignored"),
    [
        (".venv/bin/python", True),
        (".data/user_service.sqlite3", True),
        ("bazel-bin/x", True),
        ("user.bazelrc", True),
        ("services/user_service/client/__init__.py", True),
        ("libs/auth/__pycache__/jwks.cpython-311.pyc", True),
        ("services/user_service/app.py", False),
        ("docs/.venv/x", False),
    ],
)
def test_local_files_are_ignored(tmp_path: Path, path: str, *, is_ignored: bool) -> None:
    """A virtual environment and build outputs are ignored by git, so the checkout is clean for `deploy --commit`."""
    shutil.copy(".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    found = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=tmp_path, check=False)
    assert found.returncode == (0 if is_ignored else 1)


def test_bazel_does_not_look_into_a_virtual_environment() -> None:
    """`//...` leaves out the BUILD files that wheels in a virtual environment may contain."""
    assert ".venv" in Path(".bazelignore").read_text().splitlines()
