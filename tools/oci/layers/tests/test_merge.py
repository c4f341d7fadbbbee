"""Merged layers of wheels have the content of the layers, independent of their order."""

import itertools
from pathlib import Path

import pytest

from tools.oci.layers.compression import compressor
from tools.oci.layers.entries import Entry, File, pack, write_layer
from tools.oci.layers.merge import main

_FIRST: dict[str, Entry] = {"lib/a/x.py": File(content=b"x"), "lib/run": File(content=b"r", mode=0o755)}
_SECOND: dict[str, Entry] = {"lib/b/y.py": File(content=b"y")}


def _merged(folder: Path, *layers: dict[str, Entry], compression: str = "gzip") -> bytes:
    paths = [folder / f"{number}.tar" for number in range(len(layers))]
    for path, entries in zip(paths, layers, strict=True):
        write_layer(entries, path, compressor=compressor(compression))
    output = folder / "merged.tar"
    main(["--output", str(output), "--compression", compression, *map(str, paths)])
    return output.read_bytes()


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_merged_layer_is_the_layer_of_all_files(tmp_path: Path, compression: str) -> None:
    """The bytes are those of one layer that was packed of all files at once, folders and modes included."""
    expected = pack(_FIRST | _SECOND, compressor=compressor(compression))
    assert _merged(tmp_path, _FIRST, _SECOND, compression=compression) == expected


def test_order_of_layers_without_common_paths_does_not_matter(tmp_path: Path) -> None:
    """Equal content has equal bytes."""
    orders = itertools.permutations([_FIRST, _SECOND])
    assert len({_merged(tmp_path, *order) for order in orders}) == 1


def test_later_layer_wins_a_common_path(tmp_path: Path) -> None:
    """A path that is in two layers has the file of the upper layer, as without the merge."""
    upper: dict[str, Entry] = {"lib/a/x.py": File(content=b"other")}
    assert _merged(tmp_path, _FIRST, upper) == pack(_FIRST | upper, compressor=compressor("gzip"))
