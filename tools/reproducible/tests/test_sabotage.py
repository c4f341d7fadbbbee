"""The negative control really changes the tool that makes layers."""

from pathlib import Path

import pytest

from tools.reproducible.sabotage import LAYER_TOOL, NothingToSabotageError, stamp_with_the_clock


def test_entries_are_dated_by_the_clock(tmp_path: Path) -> None:
    """What was dated 0 by default is dated by a call."""
    tool = tmp_path / LAYER_TOOL
    tool.parent.mkdir(parents=True)
    tool.write_text("    info = tarfile.TarInfo(path)\n")
    stamp_with_the_clock(tmp_path)
    assert tool.read_text().splitlines() == [
        "    info = tarfile.TarInfo(path)",
        '    info.mtime = int(__import__("time").time())',
    ]


def test_a_moved_line_is_no_silent_success(tmp_path: Path) -> None:
    """A control that changes nothing would prove nothing."""
    tool = tmp_path / LAYER_TOOL
    tool.parent.mkdir(parents=True)
    tool.write_text("nothing here\n")
    with pytest.raises(NothingToSabotageError):
        stamp_with_the_clock(tmp_path)
