"""The negative control changes the layer tool."""

from pathlib import Path

import pytest

from tools.reproducible.negative_control import LAYER_TOOL, LineNotFoundError, Nondeterminism, inject


@pytest.mark.parametrize("source", Nondeterminism)
def test_last_injection_is_used(tmp_path: Path, source: Nondeterminism) -> None:
    """The modification times of entries are computed from the source that was injected last."""
    tool = tmp_path / LAYER_TOOL
    tool.parent.mkdir(parents=True)
    tool.write_text("    info = tarfile.TarInfo(path)\n")
    for each in (*Nondeterminism, source):
        inject(tmp_path, each)
    assert tool.read_text().splitlines() == ["    info = tarfile.TarInfo(path)", f"    info.mtime = {source.value}"]


def test_missing_line_is_an_error(tmp_path: Path) -> None:
    """A layer tool without the expected line raises an error."""
    tool = tmp_path / LAYER_TOOL
    tool.parent.mkdir(parents=True)
    tool.write_text("nothing here\n")
    with pytest.raises(LineNotFoundError, match=r"entries\.py has no line"):
        inject(tmp_path, Nondeterminism.DATE)
