"""The Markdown of this repository, and the names in it and in its Python code."""

import os
from functools import cache
from pathlib import Path

from tools.docs.pages import Page, check_pages, parse_page, unreachable_pages
from tools.docs.retired_names import parse_retired_names, retired_names_in


@cache
def _texts() -> dict[str, str]:
    """Return the Markdown and Python files among the runfiles, by their paths from the root."""
    files = [path for pattern in ("*.md", "*.py") for path in Path().rglob(pattern)]
    return {str(path): path.read_text(encoding="utf-8") for path in sorted(files)}


@cache
def _pages() -> dict[str, Page]:
    return {path: parse_page(path, text) for path, text in _texts().items() if path.endswith(".md")}


def test_the_whole_repository_is_read() -> None:
    """The build hands every kind of file to these tests."""
    assert {"README.md", "docs/index.md", "libs/auth/jwks.py", "tests/service_stack.py"} <= _texts().keys()


def test_pages_have_no_long_lines_and_no_dead_links() -> None:
    """Markdown lines have at most 120 columns, and each relative link leads to a file, folder or heading."""
    files = Path(os.environ["FILE_NAMES"]).read_text(encoding="utf-8").splitlines()
    ignored = Path(".bazelignore").read_text(encoding="utf-8").split()
    findings = check_pages(_pages(), files=files, ignored=ignored)
    assert not findings, "\n" + "\n".join(map(str, findings))


def test_each_page_is_reachable_from_the_index() -> None:
    """Every page in docs can be reached by links from docs/index.md."""
    missing = unreachable_pages(_pages(), index="docs/index.md", folder="docs")
    assert not missing, f"link these pages from docs/index.md: {', '.join(missing)}"


def test_no_retired_name_is_used() -> None:
    """Names in retired_names.txt stay retired."""
    retired = parse_retired_names(Path("tools/docs/retired_names.txt").read_text(encoding="utf-8"))
    findings = [finding for path, text in _texts().items() for finding in retired_names_in(path, text, retired)]
    assert not findings, "\n" + "\n".join(map(str, findings))
