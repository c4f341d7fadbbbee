"""Write the tarball that a container engine loads: tarball.py FORMAT IMAGE TAGS_FILE OUTPUT."""

import io
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import documents

_MODE, _TIME = 0o755, 1672560000
"""What the original states for every member."""


def main(form: str, image: Path, tags: list[str], output: Path) -> None:
    """Write a `docker` tarball of an image or an `oci` tarball of an index."""
    entry = documents.read(image / "index.json")["manifests"][0]
    wanted = documents.INDEX if form == "oci" else documents.MANIFEST
    if entry["mediaType"] != wanted:
        kind = "oci_image_index" if form == "oci" else "oci_image"
        sys.exit(f"Format {form} is only supported for {kind} targets but saw {entry['mediaType']}")
    members = _oci_members(image, tags) if form == "oci" else _docker_members(image, tags)
    with tarfile.open(output, "w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(content), _MODE, _TIME
            tar.addfile(info, io.BytesIO(content))


def _docker_members(image: Path, tags: list[str]) -> Iterator[tuple[str, bytes]]:
    digest = documents.read(image / "index.json")["manifests"][0]["digest"]
    manifest = documents.read(documents.blob_path(image, digest))
    config = _blob_name(manifest["config"]["digest"])
    layers = {f"{_blob_name(layer['digest'])}.tar.gz": layer["digest"] for layer in manifest["layers"]}
    yield config, (image / config).read_bytes()
    for name, layer in layers.items():
        yield name, documents.blob_path(image, layer).read_bytes()
    described = documents.render({"Config": config, "RepoTags": tags, "Layers": list(layers)})
    yield "manifest.json", f"[{described}]\n".encode()


def _oci_members(image: Path, tags: list[str]) -> Iterator[tuple[str, bytes]]:
    yield "oci-layout", (image / "oci-layout").read_bytes()
    for blob in sorted((image / "blobs" / "sha256").iterdir()):
        yield f"blobs/sha256/{blob.name}", blob.read_bytes()
    index = documents.read(image / "index.json")
    entry = index["manifests"][0]
    named = [entry | {"annotations": {"org.opencontainers.image.ref.name": tag}} for tag in tags]
    yield "index.json", (documents.render(index | {"manifests": named}) + "\n").encode()


def _blob_name(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]).read_text().split(), Path(sys.argv[4]))
