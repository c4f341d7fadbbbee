"""The negative control really changes the tool that makes layers."""

from pathlib import Path

import pytest

from tools.reproducible.sabotage import LAYER_TOOL, NothingToSabotageError, Sabotage, sabotage


@pytest.mark.parametrize("by", Sabotage)
def test_entries_are_dated_by_what_was_asked_for(tmp_path: Path, by: Sabotage) -> None:
    """What was dated 0 by default is dated by a call, and by no earlier one."""
    tool = tmp_path / LAYER_TOOL
    tool.parent.mkdir(parents=True)
    tool.write_text("    info = tarfile.TarInfo(path)\n")
    for each in (*Sabotage, by):
        sabotage(tmp_path, each)
    assert tool.read_text().splitlines() == ["    info = tarfile.TarInfo(path)", f"    info.mtime = {by.value}"]


def test_a_moved_line_is_no_silent_success(tmp_path: Path) -> None:
    """A control that changes nothing would prove nothing."""
    tool = tmp_path / LAYER_TOOL
    tool.parent.mkdir(parents=True)
    tool.write_text("nothing here\n")
    with pytest.raises(NothingToSabotageError):
        sabotage(tmp_path, Sabotage.DATE)
