"""Write an index of images: image_index.py OUTPUT IMAGE..."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import documents
from documents import Document

_PLATFORM_KEYS = ("os", "architecture", "variant", "os.version", "os.features")


def main(output: Path, images: list[Path]) -> None:
    """Copy the blobs of all images and write the index that names them."""
    blobs = output / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for image in images:
        for blob in (image / "blobs" / "sha256").iterdir():
            shutil.copyfile(blob, blobs / blob.name)
    nested = {
        "schemaVersion": 2,
        "mediaType": documents.INDEX,
        "manifests": [entry for image in images for entry in _entries(image)],
    }
    content = (documents.render(nested) + "\n").encode()
    digest = documents.write_blob(output, content)
    documents.write(
        output / "index.json", {"manifests": [{"mediaType": documents.INDEX, "size": len(content), "digest": digest}]}
    )
    (output / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')


def _entries(image: Path) -> Iterator[Document]:
    for entry in documents.read(image / "index.json")["manifests"]:
        manifest = documents.read(documents.blob_path(image, entry["digest"]))
        config = documents.read(documents.blob_path(image, manifest["config"]["digest"]))
        yield entry | {"platform": {key: config[key] for key in _PLATFORM_KEYS if config.get(key) is not None}}


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(image) for image in sys.argv[2:]])
