"""A service's images as Bazel builds them: a folder in OCI layout."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(content: bytes) -> str:
    """Return the digest of some content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service and the OCI layout of its images."""

    name: str
    layout: Path

    @property
    def digest(self) -> str:
        """The digest of the index of its images."""
        digest: str = json.loads((self.layout / "index.json").read_text())["manifests"][0]["digest"]
        return digest

    def read(self, digest: str) -> bytes:
        """Return a blob of the layout."""
        return self._path(digest).read_bytes()

    def size(self, digest: str) -> int:
        """Return the size of a blob in bytes; 0 for a digest that the layout does not have."""
        path = self._path(digest)
        return path.stat().st_size if path.exists() else 0

    def images(self) -> dict[str, str]:
        """Return the digest of the image for each architecture."""
        index = json.loads(self.read(self.digest))
        return {entry["platform"]["architecture"]: entry["digest"] for entry in index["manifests"]}

    def manifests(self) -> list[tuple[str, dict[str, Any]]]:
        """Return digest and document of each image."""
        return [(digest, json.loads(self.read(digest))) for digest in self.images().values()]

    def blobs(self) -> list[str]:
        """Return the digests of all layers and configs, each once."""
        return list(dict.fromkeys(self._blobs()))

    def _blobs(self) -> Iterator[str]:
        for _, manifest in self.manifests():
            yield from (part["digest"] for part in [*manifest["layers"], manifest["config"]])

    def _path(self, digest: str) -> Path:
        return self.layout / "blobs" / digest.replace(":", "/")


def read_services(images: Path) -> list[Service]:
    """Return the services of a file that `service_images` made."""
    return [Service(name=name, layout=Path(layout)) for name, layout in json.loads(images.read_text()).items()]
