"""Describe a layer: descriptor.py LAYER OUTPUT LABEL. The expensive half of an image, done once for each layer."""

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import documents

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PIECE_BYTES = 1 << 20


def main(layer: Path, output: Path, label: str) -> None:
    """Write digest, diff id, compression, size and history of a layer."""
    compression = _compression(layer)
    document = {
        "digest": _digest(_pieces(layer)),
        "diffid": _digest(_uncompressed(layer, compression)),
        "compression": compression,
        "size": layer.stat().st_size,
        "history": {"created": "1970-01-01T00:00:00Z", "created_by": f"bazel build {label}"},
    }
    documents.write(output, document)


def _compression(layer: Path) -> str:
    """Detect the compression from the first bytes, never from the name."""
    with layer.open("rb") as file:
        start = file.read(len(_ZSTD))
    return "gzip" if start.startswith(_GZIP) else "zstd" if start == _ZSTD else ""


def _uncompressed(layer: Path, compression: str) -> Iterator[bytes]:
    if compression == "zstd":
        # This interpreter has no zstd module, so use the sealed root's program. It refuses symbolic links by name, and
        # the sandbox's inputs are links, so pass the content on stdin.
        command = ["zstd", "--decompress", "--stdout"]
        return iter([subprocess.run(command, check=True, input=layer.read_bytes(), stdout=subprocess.PIPE).stdout])
    return _pieces(layer, gzip.open if compression == "gzip" else open)


def _pieces(layer: Path, opener: Callable[..., IO[bytes]] = open) -> Iterator[bytes]:
    with opener(layer, "rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _digest(pieces: Iterator[bytes]) -> str:
    hasher = hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
    return "sha256:" + hasher.hexdigest()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
