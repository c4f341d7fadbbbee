"""The compressors of layers. Their versions are pinned, because layers must have the same bytes on all machines.

zlib comes from the base image's lock, through the interpreter that runs this; zstandard comes from the Python lock.
"""

import zlib

from tools.oci.layers.entries import Compressor

_GZIP_WINDOW_BITS = 31
_GZIP_LEVEL = 9
_ZSTD_LEVEL = 19


def compressor(name: str) -> Compressor:
    """Return a fresh compressor: `gzip` or `zstd`."""
    if name == "gzip":
        return zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW_BITS)
    # Import zstandard only if needed: most layers are gzip, and each is packed by a separate process.
    import zstandard  # noqa: PLC0415

    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compressobj()


def decompress(data: bytes, name: str) -> bytes:
    """Return the uncompressed content of `data`, which `compressor(name)` compressed."""
    if name == "gzip":
        return zlib.decompress(data, _GZIP_WINDOW_BITS)
    import zstandard  # noqa: PLC0415

    return zstandard.ZstdDecompressor().decompressobj().decompress(data)
