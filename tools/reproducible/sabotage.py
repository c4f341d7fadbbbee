"""The negative control: makes a build depend on the clock, so that the proof must turn red."""

import re
from pathlib import Path

LAYER_TOOL = Path("tools/oci/layers/entries.py")
_NEW_ENTRY = re.compile(r"^( *)info = tarfile\.TarInfo\(path\)$", re.MULTILINE)
_WITH_THE_CLOCK = r'\g<0>\n\1info.mtime = int(__import__("time").time())'


class NothingToSabotageError(Exception):
    """The line that makes the entries of a layer was not found, so nothing would be proved."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} makes its entries in another way; say how in {__name__}")
        self.file = file


def stamp_with_the_clock(clone: Path) -> None:
    """Date the entries of layers by the clock instead of 0.

    Raises:
        NothingToSabotageError: the line is not where it is expected.
    """
    file = clone / LAYER_TOOL
    text, count = _NEW_ENTRY.subn(_WITH_THE_CLOCK, file.read_text(encoding="utf-8"))
    if count == 0:
        raise NothingToSabotageError(LAYER_TOOL)
    file.write_text(text, encoding="utf-8")
