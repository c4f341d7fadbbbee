"""The negative control really changes the tool that makes layers."""

from pathlib import Path

import pytest

from tools.reproducible.sabotage import LAYER_TOOL, NothingToSabotageError, stamp_with_the_clock


def test_entries_are_dated_by_the_clock(tmp_path: Path) -> None:
    """The fixed date is replaced by a call."""
    tool = tmp_path / LAYER_TOOL
    tool.parent.mkdir(parents=True)
    tool.write_text("    entry.mtime = 0\n")
    stamp_with_the_clock(tmp_path)
    assert tool.read_text() == '    entry.mtime = int(__import__("time").time())\n'


def test_a_moved_line_is_no_silent_success(tmp_path: Path) -> None:
    """A control that changes nothing would prove nothing."""
    tool = tmp_path / LAYER_TOOL
    tool.parent.mkdir(parents=True)
    tool.write_text("nothing here\n")
    with pytest.raises(NothingToSabotageError):
        stamp_with_the_clock(tmp_path)
