"""Pack files into a layer, each Python source with its .pyc beside it.

pack.py [--third-party] --compression gzip|zstd --output LAYER @LIST

The lines of LIST alternate between a path in the image and the source file for it.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.oci.layers.bytecode import UncompilableError, compile_module
from tools.oci.layers.compression import compressor
from tools.oci.layers.entries import Entry, File, write_layer


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that a first-party source file is not valid Python."""
    parser = argparse.ArgumentParser(prog="pack", fromfile_prefix_chars="@")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--compression", choices=["gzip", "zstd"], required=True)
    parser.add_argument("--third-party", action="store_true", help="accept sources that do not compile, as pip does")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args(arguments)
    files = dict(zip(options.files[::2], map(Path, options.files[1::2]), strict=True))
    try:
        entries = layer_entries(files, lenient=options.third_party)
    except UncompilableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write_layer(entries, options.output, compressor=compressor(options.compression))
    return 0


def layer_entries(files: Mapping[str, Path], *, lenient: bool) -> dict[str, Entry]:
    """Read files by their path in the image and compile the sources among them.

    Raises UncompilableError, unless `lenient`.
    """
    entries: dict[str, Entry] = {}
    for path, file in sorted(files.items()):
        content = file.read_bytes()
        entries[path] = File(content=content)
        if path.endswith(".py"):
            try:
                entries |= [compile_module(path, content)]
            except UncompilableError:
                if not lenient:
                    raise
    return entries


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
