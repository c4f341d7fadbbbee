"""Print the compressed size of each part of each service's images, with and without .pyc files.

bazel run //tools/oci:sizes

The files of each layer are compressed again by part, with the levels of the layers, to get the size of parts that share
a layer. So the sums differ from the pushed size by some kilobytes.
"""

import io
import json
import re
import sys
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

from tools.oci.push.layout import Service, read_services

PARTS = ("base", "interpreter", "wheels", "own code")
_COLUMNS = (("gzip", True), ("gzip", False), ("zstd", True), ("zstd", False))
_INTERPRETER = re.compile(r"(usr/(bin|lib)/python3|usr/lib/[^/]+/libpython)")
_ZSTD = b"\x28\xb5\x2f\xfd"
_MEGABYTE = 1e6

Packed = list[tuple[tarfile.TarInfo, bytes]]


def main(images: Path) -> int:
    """Print a table for each service and architecture."""
    for service in read_services(images):
        for architecture, digest in service.images().items():
            print(f"\n{service.name} {architecture}, MB\n{table(service, digest)}")
    return 0


def table(service: Service, digest: str) -> str:
    """Return the parts of one image as rows of a Markdown table, the sum last."""
    layers = [layer["digest"] for layer in json.loads(service.read(digest))["layers"]]
    weights = [_weights(service, layer) for layer in layers]
    rows = {part: [sum(column) for column in zip(*(one[part] for one in weights), strict=True)] for part in PARTS}
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    head = "| | gzip | without .pyc | zstd | without .pyc |\n|---|--:|--:|--:|--:|"
    lines = [
        f"| {part} | " + " | ".join(f"{size / _MEGABYTE:.2f}" for size in row) + " |" for part, row in rows.items()
    ]
    return "\n".join([head, *lines])


_known: dict[str, dict[str, list[int]]] = {}


def _weights(service: Service, layer: str) -> dict[str, list[int]]:
    if layer not in _known:
        _known[layer] = _weigh(service.read(layer))
    return _known[layer]


def _weigh(layer: bytes) -> dict[str, list[int]]:
    members = list(_members(layer))
    return {part: [_weight(members, part, *column) for column in _COLUMNS] for part in PARTS}


def part_of(path: str) -> str:
    """Return the part that a file of an image belongs to."""
    if "/site-packages/" in path:
        return "wheels"
    if path.startswith("app/"):
        return "own code"
    return "interpreter" if _INTERPRETER.match(path) else "base"


def _members(layer: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(layer) if layer.startswith(_ZSTD) else layer
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            yield member, file.read() if file else b""


def _weight(members: Packed, part: str, compression: str, with_bytecode: bool) -> int:  # noqa: FBT001
    """Return the compressed size of one part in bytes; 0 for a part without files."""
    wanted = [
        (member, content)
        for member, content in members
        if part_of(member.name) == part and not member.isdir() and (with_bytecode or not member.name.endswith(".pyc"))
    ]
    return len(_compressed(_tar(wanted), compression)) if wanted else 0


def _tar(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in members:
            tar.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def _compressed(content: bytes, compression: str) -> bytes:
    return zlib.compress(content, 9) if compression == "gzip" else zstandard.ZstdCompressor(level=19).compress(content)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
