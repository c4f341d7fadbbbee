"""Merge layers of wheels into one layer.

merge.py --compression gzip|zstd --output LAYER LAYER...

If two wheels have the same path, the later argument takes precedence, as the upper of two layers would.
"""

import argparse
import io
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path

from tools.oci.layers.compression import compressor, decompress
from tools.oci.layers.entries import Entry, File, write_layer


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="merge")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--compression", choices=["gzip", "zstd"], required=True)
    parser.add_argument("layers", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    entries = merged_entries(decompress(layer.read_bytes(), options.compression) for layer in options.layers)
    write_layer(entries, options.output, compressor=compressor(options.compression))


def merged_entries(layers: Iterable[bytes]) -> dict[str, Entry]:
    """Return the files of uncompressed layers by path; folders follow from the paths."""
    entries: dict[str, Entry] = {}
    for layer in layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            for member in tar:
                if file := tar.extractfile(member):
                    entries[member.name] = File(content=file.read(), mode=member.mode)
    return entries


if __name__ == "__main__":
    main(sys.argv[1:])
