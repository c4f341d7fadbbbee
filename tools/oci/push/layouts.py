"""Small images for tests."""

import json
from pathlib import Path
from typing import Any

from tools.oci.push.layout import INDEX, MANIFEST, Service, digest_of


def write_service(folder: Path, name: str, *layers: bytes, user: str = "65532:65532") -> Service:
    """Write an index of one image of these layers in OCI layout."""
    settings = {"architecture": "amd64", "title": name, "config": {"ExposedPorts": {"8001": {}}, "User": user}}
    config = _blob(folder, json.dumps(settings).encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config | {"mediaType": "application/vnd.oci.image.config.v1+json"},
        "layers": [_blob(folder, layer) | {"mediaType": "application/vnd.oci.image.layer.v1.tar"} for layer in layers],
    }
    entry = _blob(folder, json.dumps(manifest).encode()) | {
        "mediaType": MANIFEST,
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    index = _blob(folder, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).encode())
    (folder / "index.json").write_text(json.dumps({"manifests": [index | {"mediaType": INDEX}]}))
    return Service(name=name, layout=folder)


def _blob(folder: Path, content: bytes) -> dict[str, Any]:
    digest = digest_of(content)
    path = folder / "blobs" / digest.replace(":", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return {"digest": digest, "size": len(content)}
