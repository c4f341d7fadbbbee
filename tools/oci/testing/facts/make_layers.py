"""Write the layers of the fact images: make_layers.py FOLDER. The same bytes from every interpreter."""

import gzip
import io
import sys
import tarfile
from pathlib import Path

import zstandard


def main(folder: Path) -> None:
    """Write one tar uncompressed, in gzip's stored form, and in zstd."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("hello.txt")
        info.size = 6
        tar.addfile(info, io.BytesIO(b"hello\n"))
    content = raw.getvalue()
    (folder / "plain.tar").write_bytes(content)
    # Stored, because zlib's idea of the best compression differs from version to version.
    (folder / "gzip.tar.gz").write_bytes(gzip.compress(content, compresslevel=0, mtime=0))
    (folder / "zstd.tar.zst").write_bytes(zstandard.ZstdCompressor(level=3).compress(content))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
