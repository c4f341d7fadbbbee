"""The negative control: makes a build depend on the clock, so that the proof must turn red."""

import re
from pathlib import Path

LAYER_TOOL = Path("tools/oci/layers/tar.py")
_MTIME = re.compile(r"\bmtime = 0\b")


class NothingToSabotageError(Exception):
    """The line that dates the entries of a layer was not found, so nothing would be proved."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} has no line `mtime = 0`; name the new place in {__name__}")
        self.file = file


def stamp_with_the_clock(clone: Path) -> None:
    """Date the entries of layers by the clock instead of 0.

    Raises:
        NothingToSabotageError: the line is not where it is expected.
    """
    file = clone / LAYER_TOOL
    text, count = _MTIME.subn('mtime = int(__import__("time").time())', file.read_text("utf-8"))
    if count == 0:
        raise NothingToSabotageError(LAYER_TOOL)
    file.write_text(text, encoding="utf-8")
