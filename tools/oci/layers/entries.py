"""The entries of a layer, by their path inside the image, and their serialization."""

import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

ROOT = 0
NONROOT = 65532
"""User and group of the process unless a service sets another; the number that distroless images use."""


class Compressor(Protocol):
    """The common interface of `zlib.compressobj` and `zstandard.compressobj`."""

    def compress(self, data: bytes, /) -> bytes:
        """Add bytes to the input and return the output that is ready."""
        ...

    def flush(self) -> bytes:
        """Return the rest of the output."""
        ...


@dataclass(frozen=True, kw_only=True)
class File:
    """A regular file that is owned by root and writable by root only."""

    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder that must exist even if it is empty, or that has a different owner or mode."""

    mode: int = 0o755
    owner: int = ROOT
    group: int = ROOT


@dataclass(frozen=True, kw_only=True)
class Link:
    """A symbolic link."""

    target: str


Entry = File | Folder | Link


def pack(entries: Mapping[str, Entry], *, compressor: Compressor) -> bytes:
    """Return a layer: a tar sorted by path, with all parent folders, without times and names of owners."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, entry in sorted((_parents(entries) | dict(entries)).items()):
            tar.addfile(*_member(path, entry))
    return compressor.compress(raw.getvalue()) + compressor.flush()


def write_layer(entries: Mapping[str, Entry], output: Path, *, compressor: Compressor) -> None:
    """Write a layer into a file."""
    output.write_bytes(pack(entries, compressor=compressor))


def _parents(paths: Iterable[str]) -> dict[str, Entry]:
    """Return every parent folder of the paths."""
    return {str(parent): Folder() for path in paths for parent in PurePosixPath(path).parents if parent.name}


def _member(path: str, entry: Entry) -> tuple[tarfile.TarInfo, io.BytesIO | None]:
    info = tarfile.TarInfo(path)
    match entry:
        case File(content=content, mode=mode):
            info.size, info.mode = len(content), mode
            return info, io.BytesIO(content)
        case Folder(mode=mode, owner=owner, group=group):
            info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, mode, owner, group
        case Link(target=target):
            info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, target
    return info, None
