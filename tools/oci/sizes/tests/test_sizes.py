"""The table of sizes has all files of an image, each in one part."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from tools.oci.push.layouts import write_service
from tools.oci.sizes.sizes import part_of, table


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("etc/passwd", "base"),
        ("usr/lib/x86_64-linux-gnu/libssl.so.3", "base"),
        ("usr/lib/python3.11/os.py", "interpreter"),
        ("app/site-packages/jwt/api.py", "wheels"),
        ("app/libs/web/app.py", "own code"),
    ],
)
def test_part_is_told_by_the_path(path: str, part: str) -> None:
    """The path of a file determines its part."""
    assert part_of(path) == part


def _layer(files: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def test_bytecode_is_told_apart(tmp_path: Path) -> None:
    """A part weighs less without its .pyc, and nothing weighs less than what cannot be compressed."""
    noise = os.urandom(1_000_000)
    service = write_service(
        tmp_path, "a", _layer({"app/a.py": noise, "app/a.pyc": noise[::-1]}), _layer({"etc/b": noise})
    )
    [digest] = service.images().values()
    rows = {line.split("|")[1].strip(): line.split("|")[2:6] for line in table(service, digest).splitlines()[2:]}
    assert [float(cell) for cell in rows["own code"]] == pytest.approx([2.0, 1.0, 2.0, 1.0], abs=0.02)
    assert [float(cell) for cell in rows["base"]] == pytest.approx([1.0] * 4, abs=0.02)
    assert [float(cell) for cell in rows["all"]] == pytest.approx([3.0, 2.0, 3.0, 2.0], abs=0.02)
