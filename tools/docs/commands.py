"""Finds the commands that a reader of our Markdown would type.

A command is a line of a fenced block of language `sh`. Everything after two spaces and `#` is
talk; talk that names Ctrl-C marks a command that serves until it is interrupted.
"""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^```(?P<language>\S*)\s*$")
_TALK = re.compile(r"\s{2,}#\s")


@dataclass(frozen=True)
class Command:
    """One line of shell, where it stands, and whether it serves until Ctrl-C."""

    document: str
    block: int
    """Line of the fence that opens its block: a reader types a block in one go."""
    line: int
    text: str
    serves: bool

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.text}"


def commands_of(markdown: str, *, document: str) -> list[Command]:
    """Return the commands of one document in reading order."""
    found: list[Command] = []
    language, block = "", 0
    for number, line in enumerate(markdown.splitlines(), start=1):
        if fence := _FENCE.match(line):
            language, block = "" if language else (fence["language"] or "plain"), number
        elif language == "sh" and line.strip() and not line.lstrip().startswith("#"):
            text, _, talk = _TALK.sub("\0", line, count=1).partition("\0")
            found.append(Command(document, block, number, text.strip(), serves="Ctrl-C" in talk))
    return found
