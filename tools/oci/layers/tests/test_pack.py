"""Layers are reproducible and contain compiled modules."""

import gzip
import io
import marshal
import random
import sys
import tarfile
from importlib.util import MAGIC_NUMBER, source_hash
from pathlib import Path

import pytest
import zstandard

from tools.oci.layers.bytecode import UncompilableError, compile_module
from tools.oci.layers.compression import compressor
from tools.oci.layers.entries import Entry, File, Folder, Link, pack
from tools.oci.layers.pack import layer_entries, main

_ENTRIES: dict[str, Entry] = {
    "app/b.txt": File(content=b"b"),
    "app/a/c.sh": File(content=b"c", mode=0o755),
    "app/link": Link(target="b.txt"),
    "data": Folder(owner=65532, group=65533),
}


def _open(layer: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer)))


def test_layer_is_sorted_and_has_its_folders() -> None:
    """Entries are sorted by path, and every folder precedes its content."""
    names = _open(pack(_ENTRIES, compressor=compressor("gzip"))).getnames()
    assert names == ["app", "app/a", "app/a/c.sh", "app/b.txt", "app/link", "data"]


def test_order_of_arrival_does_not_matter() -> None:
    """The bytes do not depend on the order of the list."""
    shuffled = list(_ENTRIES.items())
    random.Random(7).shuffle(shuffled)
    assert pack(dict(shuffled), compressor=compressor("gzip")) == pack(_ENTRIES, compressor=compressor("gzip"))


def test_members_have_no_time_and_no_stranger() -> None:
    """Entries belong to root unless another owner is set, and have no time."""
    for member in _open(pack(_ENTRIES, compressor=compressor("gzip"))):
        assert (member.mtime, member.uname, member.gname) == (0, "", "")
        assert (member.uid, member.gid) == ((65532, 65533) if member.name == "data" else (0, 0))


def test_zstd_holds_the_same_tar() -> None:
    """The flag changes the compression and nothing else."""
    packed = pack(_ENTRIES, compressor=compressor("zstd"))
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    assert raw == gzip.decompress(pack(_ENTRIES, compressor=compressor("gzip")))


def test_module_is_bound_to_its_source_by_an_unchecked_hash() -> None:
    """The .pyc has an unchecked hash (PEP 552): no time in the header, and no check of the source at import."""
    source = b"ANSWER = 42\n"
    path, entry = compile_module("app/x/y.py", source)
    assert path == f"app/x/__pycache__/y.{sys.implementation.cache_tag}.pyc"
    assert isinstance(entry, File)
    assert entry.content[:16] == MAGIC_NUMBER + b"\x01\0\0\0" + source_hash(source)
    assert marshal.loads(entry.content[16:]).co_filename == "/app/x/y.py"


def test_our_own_broken_source_stops_the_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the file by its path in the image."""
    broken = tmp_path / "broken.py"
    broken.write_text("def :\n")
    with pytest.raises(UncompilableError, match=r"/app/broken\.py"):
        layer_entries({"app/broken.py": broken}, lenient=False)
    arguments = ["--output", str(tmp_path / "layer"), "--compression", "gzip", "app/broken.py", str(broken)]
    assert main(arguments) == 1
    assert "/app/broken.py" in capsys.readouterr().err


def test_others_broken_source_is_packed_as_it_is(tmp_path: Path) -> None:
    """Invalid Python in wheels, such as templates named .py, is packed without a .pyc, as pip does."""
    broken = tmp_path / "template.py"
    broken.write_text("${name} = 1\n")
    assert list(layer_entries({"x/template.py": broken}, lenient=True)) == ["x/template.py"]


def test_list_is_read_in_pairs(tmp_path: Path) -> None:
    """The list alternates between paths in the image and files."""
    source, layer = tmp_path / "source.py", tmp_path / "layer"
    source.write_text("X = 1\n")
    listed = tmp_path / "list"
    listed.write_text(f"app/source.py\n{source}\n")
    assert main(["--output", str(layer), "--compression", "gzip", f"@{listed}"]) == 0
    assert "app/source.py" in _open(layer.read_bytes()).getnames()
