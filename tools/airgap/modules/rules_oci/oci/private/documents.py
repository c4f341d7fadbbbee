"""JSON documents and blobs as rules_oci 2.3.0 writes them: jq's rendering, in the order of insertion."""

import hashlib
import json
from pathlib import Path
from typing import Any

Document = dict[str, Any]

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def render(document: Document) -> str:
    """Two spaces of indentation, nothing escaped that need not be, no newline at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(path: Path) -> Document:
    """Read a document; its keys keep their order."""
    document: Document = json.loads(path.read_text())
    return document


def digest_of(content: bytes) -> str:
    """The digest by which a blob is named."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def blob_path(layout: Path, digest: str) -> Path:
    """Where a layout keeps the blob of a digest."""
    return layout / "blobs" / digest.replace(":", "/")


def write_blob(layout: Path, content: bytes) -> str:
    """Keep a blob; return its digest."""
    digest = digest_of(content)
    path = blob_path(layout, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest


def write(path: Path, document: Document) -> None:
    """Write a document with a newline at its end."""
    path.write_text(render(document) + "\n")
