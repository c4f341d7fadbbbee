"""Sigstore bundles that are attached to an image: referrers of its digest (OCI image spec 1.1, "subject").

The manifests have the form that cosign 3 writes, so `cosign verify` and `cosign verify-attestation` find them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.oci.push.crane import Crane
from tools.oci.push.layout import INDEX, MANIFEST, digest_of
from tools.release.registry_api import RegistryApi, manifests_of
from tools.release.statements import BUNDLE, statement_of

_BUNDLES = "application/vnd.dev.sigstore.bundle"
_EMPTY = "application/vnd.oci.empty.v1+json"


@dataclass(frozen=True, kw_only=True)
class Referrers:
    """The referrers of the images of one repository."""

    repository: str
    crane: Crane
    api: RegistryApi

    @classmethod
    def of(cls, repository: str, *, crane: Crane, push: bool = True) -> "Referrers":
        """Return the referrers of `registry/name`, read-only without `push`. Raises RegistryError."""
        return cls(repository=repository, crane=crane, api=RegistryApi.of(repository, crane=crane, push=push))

    def manifest(self, reference: str) -> bytes | None:
        """Return the manifest of a tag or digest, or None if it does not exist. Raises RegistryError."""
        return self.crane.manifest(f"{self.repository}{'@' if ':' in reference else ':'}{reference}")

    def blob(self, digest: str) -> bytes:
        """Return a blob, verified by its digest. Raises RegistryError."""
        return self.crane.blob(f"{self.repository}@{digest}")

    def bundles(self, digest: str) -> list[bytes]:
        """Return every bundle that is attached to a digest; referrers of other kinds are skipped."""
        found = self.api.referrers(digest)
        descriptors = self._tagged(digest) if found is None else found
        manifests = [self.manifest(entry["digest"]) for entry in descriptors]
        return [self.blob(layer) for manifest in manifests if manifest for layer in _bundle_layers(manifest)]

    def attach(self, bundles: Sequence[bytes], *, subject: bytes) -> None:
        """Attach bundles to an image or index.

        In registries without the referrers API, a tag names an index of the referrers ("Referrers Tag Schema"). It is
        written once for all bundles, and last, because a tag may be immutable.
        """
        digest, empty = digest_of(subject), self.api.upload(b"{}")
        entries, listed = [], True
        for bundle in bundles:
            self.api.upload(bundle)
            manifest = _manifest(bundle, subject=subject, empty=empty)
            encoded = json.dumps(manifest).encode()
            listed &= self.api.put(digest_of(encoded), encoded)
            details = {"artifactType": BUNDLE, "annotations": manifest["annotations"]}
            entries.append(_descriptor(encoded, MANIFEST) | details)
        if not listed:
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*self._tagged(digest), *entries]}
            self.api.put(_tag(digest), json.dumps(index).encode())

    def _tagged(self, digest: str) -> list[dict[str, Any]]:
        index = self.manifest(_tag(digest))
        return manifests_of(index, source=self.repository) if index else []


def _bundle_layers(manifest: bytes) -> list[str]:
    """Return the digests of the layers of a manifest of bundles, or none for another kind of manifest."""
    try:
        document = json.loads(manifest)
        is_bundle = document["artifactType"].startswith(_BUNDLES)
        return [str(layer["digest"]) for layer in document["layers"]] if is_bundle else []
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []


def _manifest(bundle: bytes, *, subject: bytes, empty: str) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": BUNDLE,
        "config": {"mediaType": _EMPTY, "digest": empty, "size": len(b"{}")},
        "layers": [_descriptor(bundle, BUNDLE)],
        "subject": _descriptor(subject, json.loads(subject)["mediaType"]),
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": statement_of(bundle)["predicateType"],
        },
    }


def _descriptor(content: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}


def _tag(digest: str) -> str:
    return digest.replace(":", "-")
