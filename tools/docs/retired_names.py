"""Finds names that this repository has retired, so that they do not come back.

`retired_names.txt` lists them with their replacements. A name counts where it is an identifier of Python, the name of
a Python module, or is in backticks or a code block. Words of prose are left to reviewers.
"""

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from markdown_it import MarkdownIt

from tools.docs.pages import Finding

_PARSER = MarkdownIt("commonmark").enable("table")
_IDENTIFIER = re.compile(r"\w+")
_IN_BACKTICKS = re.compile(r"`([^`\n]+)`")


def parse_retired_names(text: str) -> dict[str, str]:
    """Return the replacements by retired names: two words a line, `#` begins a comment.

    Raises:
        ValueError: A line has not two words, or a name is listed twice.
    """
    names: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or words[0] in names:
            raise ValueError(f"line {number}: expected a new name and its replacement, not {line!r}")
        names[words[0]] = words[1]
    return names


def retired_names_in(path: str, text: str, retired: Mapping[str, str]) -> list[Finding]:
    """Return each use of a retired name in a Python or Markdown file."""
    is_python = path.endswith(".py")
    uses = list(_uses_in_python(text) if is_python else _uses_in_markdown(text))
    if is_python:
        uses.append((1, PurePosixPath(path).stem))
    found = {(line, name) for line, name in uses if name in retired}
    return [Finding(path, line, f"{name} is a retired name; use {retired[name]}") for line, name in sorted(found)]


def _uses_in_python(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            yield token.start[0], token.string
        elif token.type in {tokenize.COMMENT, tokenize.STRING}:
            yield from _uses_in_backticks(token.string, token.start[0])


def _uses_in_backticks(text: str, line: int) -> Iterator[tuple[int, str]]:
    for number, content in enumerate(text.splitlines(), line):
        for quoted in _IN_BACKTICKS.findall(content):
            yield from ((number, name) for name in _IDENTIFIER.findall(quoted))


def _uses_in_markdown(text: str) -> Iterator[tuple[int, str]]:
    for block in _PARSER.parse(text):
        first = block.map[0] + 1 if block.map else 0
        if block.type in {"fence", "code_block"}:
            for number, line in enumerate(block.content.splitlines(), first + (block.type == "fence")):
                yield from ((number, name) for name in _IDENTIFIER.findall(line))
        for token in block.children or []:
            first += token.type in {"softbreak", "hardbreak"}
            if token.type == "code_inline":
                yield from ((first, name) for name in _IDENTIFIER.findall(token.content))
