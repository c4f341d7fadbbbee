"""Each rule on Markdown pages, by a page that keeps it and one that breaks it."""

import pytest

from tools.docs.pages import check_pages, parse_page, unreachable_pages

_LONG = "word " * 30


def _check(text: str, *, others: dict[str, str] | None = None) -> list[str]:
    """Check docs/a.md beside the other files and return the findings."""
    texts = {"docs/a.md": text, **(others or {})}
    pages = {path: parse_page(path, content) for path, content in texts.items() if path.endswith(".md")}
    return [str(finding) for finding in check_pages(pages, files=texts, ignored=["tools/ignored"])]


@pytest.mark.parametrize(
    "text",
    [
        f"# Title\n\n{_LONG}\n",
        f"* one\n* {_LONG}\n",
        f"> {'x' * 121}\n",
        f"text\n\n```sh\nls\n```\n{_LONG}\n",
    ],
)
def test_long_lines_are_found(text: str) -> None:
    """A line of more than 120 columns is a finding, in paragraphs, lists and quotes."""
    number = next(n for n, line in enumerate(text.splitlines(), 1) if len(line) > 120)
    assert _check(text) == [f"docs/a.md:{number}: the line has more than 120 columns; wrap it"]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 120,
        f"| a | b |\n|---|---|\n| {_LONG} | b |\n",
        f"```text\n{_LONG}\n```\n",
        f"~~~\n{_LONG}\n~~~\n",
        f"text\n\n    {_LONG}\n",
        f"{_LONG} [a](a.md)\n",
        f"{_LONG} https://example.org\n",
        f"[a][b]\n\n[b]: a.md '{_LONG}'\n",
    ],
)
def test_tables_code_and_lines_with_links_may_be_long(text: str) -> None:
    """Tables, code blocks and lines with a link have no limit."""
    assert _check(text) == []


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("b.md", "there is no docs/b.md"),
        ("../tools/x.py", "there is no tools/x.py"),
        ("b.md#top", "there is no docs/b.md"),
        ("#nowhere", "docs/a.md has no heading #nowhere"),
        ("c.md#nowhere", "docs/c.md has no heading #nowhere"),
        ("c.md#Title", "docs/c.md has no heading #Title"),
        ("../../x", "leads out of the repository"),
    ],
)
def test_dead_links_are_found(link: str, message: str) -> None:
    """A link to a missing file, folder or anchor is a finding with its line."""
    (finding,) = _check(f"# A\n\ntext\n[x]({link})\n", others={"docs/c.md": "# Title\n"})
    assert finding.startswith(f"docs/a.md:4: the link {link} ")
    assert message in finding


def test_dead_links_by_reference_and_of_images_are_found() -> None:
    """Reference links and images are checked like inline links."""
    found = _check("![x](x.svg)\n[y][r]\n\n[r]: z.md\n")
    assert [finding.split(":")[1] for finding in found] == ["1", "2"]


@pytest.mark.parametrize(
    "link",
    [
        "c.md",
        "c.md#title-of-c",
        "c.md#title-of-c-1",
        "c.md#html",
        "#a-b_c-code",
        "../tools",
        "../tools/x.py",
        "../tools/ignored/y",
        "..",
        "with%20space.md",
        "https://example.org/nowhere",
        "mailto:a@example.org",
    ],
)
def test_living_links_pass(link: str) -> None:
    """Files, folders, anchors of headings and of HTML, ignored folders and URLs pass."""
    others = {
        "docs/c.md": '# Title of C\n\n## Title of C\n\n<a id="html"></a>\n',
        "docs/with space.md": "",
        "tools/x.py": "",
    }
    assert _check(f"# A: `b_c` (code)\n\n[x]({link})\n", others=others) == []


def test_links_in_code_are_not_links() -> None:
    """Code blocks and inline code may show links to files that do not exist."""
    assert _check("`[x](y.md)`\n\n```md\n[x](y.md)\n```\n") == []


def test_pages_without_a_chain_of_links_are_found() -> None:
    """Pages are reached over other pages; links between unreachable pages do not help."""
    texts = {
        "README.md": "",
        "docs/index.md": "[a](a.md)",
        "docs/a.md": "[b](deep/b.md)",
        "docs/deep/b.md": "",
        "docs/c.md": "[d](d.md)",
        "docs/d.md": "[c](c.md)",
    }
    pages = {path: parse_page(path, text) for path, text in texts.items()}
    assert unreachable_pages(pages, index="docs/index.md", folder="docs") == ["docs/c.md", "docs/d.md"]


def test_without_an_index_no_page_is_reachable() -> None:
    """A missing index is no reason to pass."""
    pages = {"docs/a.md": parse_page("docs/a.md", "")}
    assert unreachable_pages(pages, index="docs/index.md", folder="docs") == ["docs/a.md"]
