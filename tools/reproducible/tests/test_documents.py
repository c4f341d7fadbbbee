"""The commit that changes only documentation."""

import subprocess
from pathlib import Path

import pytest

from tools.reproducible.documents import NoDocumentsError, commit_documents


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a repository with a page, a README and a source file."""
    for path in ("README.md", "docs/deep/page.md", "source.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("text\n")
    for command in ("init --quiet", "add .", "-c user.name=n -c user.email=e commit --quiet -m first"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    return tmp_path


def test_commit_contains_documentation_only(clone: Path) -> None:
    """The README and every page change, a source file does not."""
    assert commit_documents(clone) == 2
    command = ["git", "diff", "--name-only", "HEAD~1", "HEAD"]
    changed = subprocess.run(command, cwd=clone, check=True, capture_output=True, text=True).stdout.split()
    assert changed == ["README.md", "docs/deep/page.md"]


def test_no_documentation_is_an_error(tmp_path: Path) -> None:
    """A clone without documentation raises an error."""
    with pytest.raises(NoDocumentsError):
        commit_documents(tmp_path)
