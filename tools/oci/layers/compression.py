"""The compressors of layers, each pinned by a lock.

zlib is the base lock's, through the interpreter that runs this; zstandard, of the Python lock, brings its own library.
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
    # Most layers are gzip, and each is packed by a process of its own.
    import zstandard  # noqa: PLC0415

    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compressobj()


def decompress(data: bytes, name: str) -> bytes:
    """Return what `compressor(name)` made `data` of."""
    if name == "gzip":
        return zlib.decompress(data, _GZIP_WINDOW_BITS)
    import zstandard  # noqa: PLC0415

    return zstandard.ZstdDecompressor().decompressobj().decompress(data)
