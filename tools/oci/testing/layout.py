"""Read the documents of images and the content of their layers."""

import io
import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import zstandard

Document = dict[str, Any]

_START_BYTES = 20
_DESCRIBES_PACKAGE = re.compile(r"var/lib/dpkg/status\.d/.*|.*/site-packages/[^/]+\.dist-info/METADATA")


class Blobs(Protocol):
    """A store of an image's blobs."""

    def read(self, digest: str) -> bytes:
        """Return the blob of a digest."""
        ...


@dataclass(frozen=True, kw_only=True)
class Layout:
    """An OCI layout in a folder."""

    folder: Path

    def read(self, digest: str) -> bytes:
        """Return the blob of a digest."""
        return (self.folder / "blobs" / digest.replace(":", "/")).read_bytes()

    @property
    def digest(self) -> str:
        """The digest of the image or index."""
        digest: str = json.loads((self.folder / "index.json").read_text())["manifests"][0]["digest"]
        return digest


@dataclass(frozen=True, kw_only=True)
class Member:
    """One entry of a layer, with the first bytes of a file, or with all bytes if the file describes a package.

    `layer` names the target that the layer comes from.
    """

    layer: str
    path: PurePosixPath
    mode: int
    uid: int
    gid: int
    is_folder: bool
    is_link: bool
    describes_package: bool
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image for one platform."""

    blobs: Blobs
    manifest: Document
    config: Document

    @classmethod
    def read(cls, blobs: Blobs, digest: str) -> "Image":
        """Read an image by the digest of its manifest."""
        manifest = json.loads(blobs.read(digest))
        return cls(blobs=blobs, manifest=manifest, config=json.loads(blobs.read(manifest["config"]["digest"])))

    def layers(self) -> Iterator[tarfile.TarFile]:
        """The layers, lowest first, open for reading."""
        for layer in self.manifest["layers"]:
            content = _uncompressed(self.blobs.read(layer["digest"]), layer["mediaType"])
            with tarfile.open(fileobj=io.BytesIO(content)) as tar:
                yield tar

    def members(self) -> Iterator[Member]:
        """The entries of all layers, lowest layer first."""
        for tar, history in zip(self.layers(), self.config["history"], strict=True):
            for info in tar:
                file = tar.extractfile(info) if info.isfile() else None
                yield Member(
                    layer=history["created_by"],
                    path=PurePosixPath(info.name),
                    mode=info.mode,
                    uid=info.uid,
                    gid=info.gid,
                    is_folder=info.isdir(),
                    is_link=info.issym(),
                    describes_package=bool(_DESCRIBES_PACKAGE.fullmatch(info.name)),
                    content=file.read(-1 if _DESCRIBES_PACKAGE.fullmatch(info.name) else _START_BYTES) if file else b"",
                )

    def unpack(self, root: Path) -> None:
        """Unpack all layers into a folder, lowest first."""
        for tar in self.layers():
            tar.extractall(root)  # noqa: S202 - the image is ours


def images(blobs: Blobs, index_digest: str) -> dict[str, Image]:
    """The images of an index by architecture."""
    index = json.loads(blobs.read(index_digest))
    return {entry["platform"]["architecture"]: Image.read(blobs, entry["digest"]) for entry in index["manifests"]}


def _uncompressed(content: bytes, media_type: str) -> bytes:
    if media_type.endswith("+zstd"):
        return zstandard.ZstdDecompressor().decompress(content, max_output_size=1 << 30)
    return content
