"""Debian's package format (deb(5)): an `ar` archive of a control and a data tarball."""

import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tools.oci.layers.entries import Entry, File, Folder, Link

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER_BYTES = 60


class NotADebError(Exception):
    """A file is not a Debian package."""


@dataclass(frozen=True, kw_only=True)
class Deb:
    """One unpacked package: the paragraph that describes it, and its files by their path from the root."""

    name: str
    control: str
    entries: dict[str, Entry]


def read_deb(path: Path) -> Deb:
    """Read a package; its hard links become copies.

    Raises NotADebError.
    """
    members = dict(_ar_members(path.read_bytes()))
    control_tar = next((content for name, content in members.items() if name.startswith("control.tar")), None)
    data_tar = next((content for name, content in members.items() if name.startswith("data.tar")), None)
    if control_tar is None or data_tar is None:
        raise NotADebError(f"{path} has no control and data: {sorted(members)}")
    with tarfile.open(fileobj=io.BytesIO(control_tar)) as tar:
        control = _content(tar, tar.getmember("./control")).decode()
    name = re.findall(r"^Package: (.*)$", control, re.MULTILINE)[0]
    return Deb(name=name, control=control, entries=dict(_data_entries(data_tar)))


def _ar_members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    if not archive.startswith(_AR_MAGIC):
        raise NotADebError("not an ar archive")
    position = len(_AR_MAGIC)
    while position < len(archive):
        header = archive[position : position + _AR_HEADER_BYTES]
        size = int(header[48:58])
        position += _AR_HEADER_BYTES
        yield header[:16].decode().strip(" /"), archive[position : position + size]
        position += size + size % 2


def _data_entries(data_tar: bytes) -> Iterator[tuple[str, Entry]]:
    with tarfile.open(fileobj=io.BytesIO(data_tar)) as tar:
        for member in tar:
            path = str(PurePosixPath(member.name))
            if member.isdir():
                yield path, Folder(mode=member.mode)
            elif member.issym():
                yield path, Link(target=member.linkname)
            else:
                yield path, File(content=_content(tar, member), mode=member.mode)


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file else b""
