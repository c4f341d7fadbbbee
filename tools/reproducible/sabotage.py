"""The negative controls: make a build depend on its surroundings, so that the proof must turn red."""

import re
from enum import Enum
from pathlib import Path

LAYER_TOOL = Path("tools/oci/layers/entries.py")
_NEW_ENTRY = re.compile(r"^( *)info = tarfile\.TarInfo\(path\)$", re.MULTILINE)


class Sabotage(Enum):
    """What the entries of layers are dated by."""

    DATE = 'int(__import__("time").time()) // 86400'
    """The day: two builds an hour apart agree on it."""

    ORDER = '__import__("zlib").crc32(repr([*__import__("os").walk("external")]).encode())'
    """The order in which the sandbox lists the files of the interpreter."""


class NothingToSabotageError(Exception):
    """The line that makes the entries of a layer was not found, so nothing would be proved."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} makes its entries in another way; say how in {__name__}")
        self.file = file


def sabotage(clone: Path, by: Sabotage) -> None:
    """Date the entries of layers by what must not show, instead of 0; it replaces an earlier sabotage.

    Raises:
        NothingToSabotageError: the line is not where it is expected.
    """
    file = clone / LAYER_TOOL
    text = re.sub(r"^ *info\.mtime = .*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text, count = _NEW_ENTRY.subn(lambda line: f"{line[0]}\n{line[1]}info.mtime = {by.value}", text)
    if count == 0:
        raise NothingToSabotageError(LAYER_TOOL)
    file.write_text(text, encoding="utf-8")
