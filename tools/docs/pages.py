"""Checks Markdown pages: the length of their lines, their links and anchors, and that each page can be reached.

A link is relative and names a file, a folder or an anchor of this repository. URLs are not requested.
"""

import itertools
import posixpath
import re
import urllib.parse
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_COLUMNS = 120

_PARSER = MarkdownIt("commonmark").enable("table")
_LINK = re.compile(r"\]\(|https?://|^ {0,3}\[[^\]]+\]:")
_HTML_ANCHOR = re.compile(r"<\w+\s[^>]*\b(?:id|name)=\"([^\"]+)\"")
_BLOCKS_WITHOUT_LIMIT = {"code_block", "fence", "table_open"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a page, with its line."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """Return the finding in the form that editors open: `path:line: message`."""
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Link:
    """A relative link."""

    line: int
    target: str
    """As written."""
    path: str
    """The path from the root of the repository that it leads to."""
    anchor: str


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file: what the checks need to know of it."""

    path: str
    links: tuple[Link, ...]
    anchors: frozenset[str]
    long_lines: tuple[int, ...]


def parse_page(path: str, text: str) -> Page:
    """Parse the Markdown file at `path`, which is relative to the root of the repository."""
    tokens = _PARSER.parse(text)
    return Page(
        path=path,
        links=tuple(_links(path, tokens)),
        anchors=frozenset(_anchors(tokens)),
        long_lines=tuple(_long_lines(text, tokens)),
    )


def check_pages(pages: Mapping[str, Page], *, files: Collection[str], ignored: Collection[str] = ()) -> list[Finding]:
    """Return the long lines and the dead links of all pages.

    Args:
        pages: The pages by their paths.
        files: The paths of all files in the repository.
        ignored: Folders whose files are not listed in `files`; links to them are not checked.
    """
    folders = {str(parent) for file in files for parent in _parents(file)}
    known = {*files, *folders, "."}
    found = []
    for page in pages.values():
        found += [Finding(page.path, line, _TOO_LONG) for line in page.long_lines]
        for link in page.links:
            if not link.path.startswith(tuple(ignored)) and (message := _fault(link, pages, known)):
                found.append(Finding(page.path, link.line, message))
    return sorted(found, key=lambda finding: (finding.path, finding.line))


def unreachable_pages(pages: Mapping[str, Page], *, index: str, folder: str) -> list[str]:
    """Return the pages below `folder` that no chain of links leads to from the page `index`."""
    reached, waiting = {index}, [index]
    while waiting:
        page = pages.get(waiting.pop())
        new = {link.path for link in page.links if link.path in pages} - reached if page else set()
        reached |= new
        waiting += sorted(new)
    return sorted(path for path in pages if path.startswith(f"{folder}/") and path not in reached)


_TOO_LONG = f"the line has more than {MAX_COLUMNS} columns; wrap it"


def _fault(link: Link, pages: Mapping[str, Page], known: Collection[str]) -> str:
    if link.path.startswith(".."):
        return f"the link {link.target} leads out of the repository"
    if link.path not in known:
        return f"the link {link.target} is dead: there is no {link.path}"
    if link.anchor and link.path in pages and link.anchor not in pages[link.path].anchors:
        return f"the link {link.target} is dead: {link.path} has no heading #{link.anchor}"
    return ""


def _parents(file: str) -> Iterator[str]:
    while file := posixpath.dirname(file):
        yield file


def _links(path: str, tokens: list[Token]) -> Iterator[Link]:
    for block in tokens:
        line = block.map[0] + 1 if block.map else 0
        for token in block.children or []:
            line += token.type in {"softbreak", "hardbreak"}
            target = str(token.attrs.get("href") or token.attrs.get("src") or "")
            url = urllib.parse.urlsplit(target)
            if target and not url.scheme and not url.netloc:
                named = urllib.parse.unquote(url.path)
                to = posixpath.normpath(posixpath.join(posixpath.dirname(path), named)) if named else path
                yield Link(line, target, to, urllib.parse.unquote(url.fragment))


def _anchors(tokens: list[Token]) -> Iterator[str]:
    """Yield the anchors that GitHub gives to the headings, and those of HTML tags."""
    seen: dict[str, int] = {}
    for before, block in itertools.pairwise(tokens):
        if before.type == "heading_open":
            text = "".join(token.content for token in block.children or [] if token.type in {"text", "code_inline"})
            anchor = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            repeated = seen.get(anchor, 0)
            seen[anchor] = repeated + 1
            yield f"{anchor}-{repeated}" if repeated else anchor
    for block in tokens:
        for token in [block, *(block.children or [])]:
            if token.type in {"html_block", "html_inline"}:
                yield from _HTML_ANCHOR.findall(token.content)


def _long_lines(text: str, tokens: list[Token]) -> Iterator[int]:
    exempt = {
        line
        for token in tokens
        if token.type in _BLOCKS_WITHOUT_LIMIT and token.map
        for line in range(token.map[0] + 1, token.map[1] + 1)
    }
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_COLUMNS and number not in exempt and not _LINK.search(line):
            yield number
