"""A commit that changes only documentation, which must not change any image."""

import subprocess
from pathlib import Path


class NoDocumentsError(Exception):
    """The clone has no documentation."""


def commit_documents(clone: Path) -> int:
    """Add a line to the README and to every page of docs, commit them, and return the number of changed files.

    Raises:
        NoDocumentsError: The clone has neither a README nor pages.
    """
    pages = [page for page in [clone / "README.md", *sorted((clone / "docs").rglob("*.md"))] if page.is_file()]
    if not pages:
        raise NoDocumentsError(f"{clone} has neither README.md nor docs, so there is no documentation to change")
    for page in pages:
        with page.open("a", encoding="utf-8") as file:
            file.write("\nAn additional line.\n")
    commit = ["git", "-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "--all", "--message=docs"]
    subprocess.run(commit, cwd=clone, check=True)
    return len(pages)
