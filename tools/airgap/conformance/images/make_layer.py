"""Write one layer: make_layer.py FILE. The same bytes from every interpreter."""

import io
import sys
import tarfile
from pathlib import Path

CONTENT = b"Good day\n"


def main(file: Path) -> None:
    """Write a tar of one file, without times and owners."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("greeting.txt")
        info.size = len(CONTENT)
        tar.addfile(info, io.BytesIO(CONTENT))
    file.write_bytes(raw.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
