"""The negative control: make images depend on the build environment, so that their digests must differ."""

import re
from enum import Enum
from pathlib import Path

LAYER_TOOL = Path("tools/oci/layers/entries.py")
_NEW_ENTRY = re.compile(r"^( *)info = tarfile\.TarInfo\(path\)$", re.MULTILINE)


class Nondeterminism(Enum):
    """The source of the modification times of layer entries."""

    DATE = 'int(__import__("time").time()) // 86400'
    """The day: two builds within an hour have the same."""

    ORDER = '__import__("zlib").crc32(repr([*__import__("os").walk("external")]).encode())'
    """The order in which the sandbox lists the files of the interpreter."""


class LineNotFoundError(Exception):
    """The line that creates the entries of a layer was not found."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} has no line `info = tarfile.TarInfo(path)`; adapt the pattern in {__name__}")
        self.file = file


def inject(clone: Path, source: Nondeterminism) -> None:
    """Compute the modification times of layer entries from `source` instead of 0; replaces an earlier injection.

    Raises:
        LineNotFoundError: The layer tool has no such line.
    """
    file = clone / LAYER_TOOL
    text = re.sub(r"^ *info\.mtime = .*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text, count = _NEW_ENTRY.subn(lambda line: f"{line[0]}\n{line[1]}info.mtime = {source.value}", text)
    if count == 0:
        raise LineNotFoundError(LAYER_TOOL)
    file.write_text(text, encoding="utf-8")
