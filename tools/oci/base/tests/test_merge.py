"""Merging packages into the base layer."""

import io
import tarfile
from pathlib import Path

import pytest

from tools.oci.base.accounts import account_entries
from tools.oci.base.deb import Deb, NotADebError, read_deb
from tools.oci.base.merge import certificate_bundle, is_kept, merge, usr_path
from tools.oci.layers.entries import Entry, File, Folder, Link


def _tar(members: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:xz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("./lib/libz.so")
        link.type, link.linkname = tarfile.SYMTYPE, "libz.so.1"
        tar.addfile(link)
    return raw.getvalue()


def _ar(members: dict[str, bytes]) -> bytes:
    parts = [b"!<arch>\n"]
    for name, content in members.items():
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        parts += [header, content, b"\n" * (len(content) % 2)]
    return b"".join(parts)


@pytest.fixture
def deb(tmp_path: Path) -> Path:
    """A package as dpkg-deb writes it, with a first member of odd length."""
    path = tmp_path / "zlib.deb"
    control = _tar({"./control": b"Package: zlib\nVersion: 1.2\n"})
    members = {"debian-binary": b"2.0\n\n", "control.tar.xz": control, "data.tar.xz": _tar({"./lib/libz.so.1": b"z"})}
    path.write_bytes(_ar(members))
    return path


def test_deb_is_read_by_its_parts(deb: Path) -> None:
    """Name, description, files with their modes, and links."""
    read = read_deb(deb)
    assert read.name == "zlib"
    assert read.control.startswith("Package: zlib")
    assert read.entries["lib/libz.so.1"] == File(content=b"z", mode=0o755)
    assert read.entries["lib/libz.so"] == Link(target="libz.so.1")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", _ar({"debian-binary": b"2.0\n"})])
def test_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file that is not a Debian package is an error."""
    path = tmp_path / "other.deb"
    path.write_bytes(content)
    with pytest.raises(NotADebError):
        read_deb(path)


def test_old_places_move_into_usr(deb: Path) -> None:
    """Files in /lib move to /usr/lib, as on Debian 12, and /lib becomes a link."""
    merged = merge([read_deb(deb)])
    assert merged["usr/lib/libz.so.1"] == File(content=b"z", mode=0o755)
    assert merged["lib"] == Link(target="usr/lib")
    assert "bin" not in merged


@pytest.mark.parametrize(
    "path",
    [
        "usr/bin/python3.11",
        "usr/lib/x86_64-linux-gnu/libssl.so.3",
        "usr/lib64/ld-linux-x86-64.so.2",
        "usr/share/doc/libssl3/copyright",
        "usr/share/zoneinfo/Europe/Berlin",
        "usr/lib/python3.11/json/decoder.py",
    ],
)
def test_what_a_service_needs_is_kept(path: str) -> None:
    """Interpreter, libraries, time zones and licences stay."""
    assert is_kept(path, File(content=b""))


@pytest.mark.parametrize(
    "path",
    [
        "bin/sh",
        "usr/bin/perl",
        "usr/bin/pdb3.11",
        "usr/sbin/update-ca-certificates",
        "usr/lib/x86_64-linux-gnu/gconv/UTF-16.so",
        "usr/lib/python3.11/test/support/__init__.py",
        "usr/share/man/man1/python3.11.1.gz",
        "usr/share/zoneinfo/right/Europe/Berlin",
        "etc/profile.d/x.sh",
    ],
)
def test_what_nothing_needs_goes(path: str) -> None:
    """Programs other than the interpreter, documentation and tests are removed."""
    assert not is_kept(usr_path(path), File(content=b""))


def test_bundle_is_the_same_whatever_the_order() -> None:
    """Certificates are joined by name, each with one newline at its end."""
    folder = "usr/share/ca-certificates/mozilla"
    entries: dict[str, Entry] = {f"{folder}/b.crt": File(content=b"B\n\n"), f"{folder}/a.crt": File(content=b"A")}
    assert certificate_bundle(entries) == File(content=b"A\nB\n")


def test_scanners_find_every_package() -> None:
    """The description of each package is where trivy and syft look for it."""
    merged = merge([Deb(name="tzdata", control="Package: tzdata\n", entries={})])
    assert merged["var/lib/dpkg/status.d/tzdata"] == File(content=b"Package: tzdata\n")


def test_only_data_and_tmp_are_open() -> None:
    """/data belongs to the process, /tmp is writable by all users, the rest belongs to root."""
    merged = merge([])
    assert merged["data"] == Folder(owner=65532, group=65532)
    assert merged["tmp"] == Folder(mode=0o1777)
    assert b"nonroot:x:65532:65532:" in _content(merged["etc/passwd"])


def test_other_user_has_data_and_a_name() -> None:
    """/data and passwd have the uid and gid; a number that is in the base's passwd keeps its only line."""
    entries = account_entries(10001, 10002)
    assert entries["data"] == Folder(owner=10001, group=10002)
    assert b"nonroot:x:10001:10002:" in _content(entries["etc/passwd"])
    assert b"nonroot:x:10002:" in _content(entries["etc/group"])
    assert _content(account_entries(65534, 0)["etc/group"]) == b"root:x:0:\nnogroup:x:65534:\n"
    assert _content(account_entries(65534, 0)["etc/passwd"]).count(b":x:65534:") == 1


def _content(entry: Entry) -> bytes:
    assert isinstance(entry, File)
    return entry.content
