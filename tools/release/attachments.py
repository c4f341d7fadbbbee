"""Where statements and signatures lie on a registry: beside the image, under tags made of its digest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.oci.push.registry import INDEX, MANIFEST, Repository, digest_of
from tools.release.signing import Checker, Signer

_ENVELOPE = "application/vnd.dsse.envelope.v1+json"
_KIND = "in-toto.io/predicate-type"
_SUBJECT = "in-toto.io/subject"
_SIGNATURE = "dev.cosignproject.cosign/signature"
_SIGNED = "application/vnd.dev.cosign.simplesigning.v1+json"


@dataclass(frozen=True, kw_only=True)
class Attachments:
    """What is attached to one digest.

    Statements use the referrers tag schema (OCI distribution spec 1.1, "Referrers Tag Schema"): every registry has
    tags, few have the referrers API. Signatures use cosign's place and form.
    """

    repository: Repository
    digest: str

    @property
    def _tag(self) -> str:
        return self.digest.replace(":", "-")

    def kinds(self) -> set[tuple[str, str]]:
        """Kind and subject of every statement that is attached."""
        notes = [entry["annotations"] for entry in self._statements()]
        return {(note[_KIND], note[_SUBJECT]) for note in notes if _KIND in note and _SUBJECT in note}

    def attach(self, envelope: bytes, *, kind: str, subject: str) -> None:
        """Attach a statement."""
        index = self.repository.manifest(self.digest) or b""
        annotations = {_KIND: kind, _SUBJECT: subject}
        manifest = _encoded(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "artifactType": _ENVELOPE,
                "config": self._upload(b"{}", "application/vnd.oci.empty.v1+json"),
                "layers": [self._upload(envelope, _ENVELOPE)],
                "subject": {"mediaType": INDEX, "digest": self.digest, "size": len(index)},
                "annotations": annotations,
            }
        )
        self.repository.put(digest_of(manifest), manifest)
        entry = _descriptor(manifest, MANIFEST) | {"artifactType": _ENVELOPE, "annotations": annotations}
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*self._referrers(), entry]}
        self.repository.put(self._tag, _encoded(document))

    def envelopes(self) -> list[bytes]:
        """Every statement that is attached, in its envelope."""
        manifests = [self._document(entry["digest"]) for entry in self._statements()]
        return [self.repository.blob(layer["digest"]) for manifest in manifests for layer in manifest["layers"]]

    def is_signed(self) -> bool:
        """Whether any signature is there."""
        return self.repository.manifest(f"{self._tag}.sig") is not None

    def sign(self, signer: Signer) -> None:
        """Sign the digest as cosign does (its specification: SIGNATURE_SPEC.md)."""
        payload = _encoded(
            {
                "critical": {
                    "identity": {"docker-reference": f"{self.repository.registry}/{self.repository.name}"},
                    "image": {"docker-manifest-digest": self.digest},
                    "type": "cosign container image signature",
                },
                "optional": None,
            }
        )
        config = _encoded(
            {
                "architecture": "",
                "os": "",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [digest_of(payload)]},
            }
        )
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._upload(config, "application/vnd.oci.image.config.v1+json"),
            "layers": [self._upload(payload, _SIGNED) | {"annotations": {_SIGNATURE: signer.sign(payload)}}],
        }
        self.repository.put(f"{self._tag}.sig", _encoded(manifest))

    def is_signed_by(self, checker: Checker) -> bool:
        """Whether a signature of this very digest is by the key."""
        manifest = self.repository.manifest(f"{self._tag}.sig")
        layers = json.loads(manifest)["layers"] if manifest else []
        return any(self._is_good(layer, checker) for layer in layers)

    def _is_good(self, layer: Mapping[str, Any], checker: Checker) -> bool:
        payload = self.repository.blob(layer["digest"])
        if not checker.accepts(layer.get("annotations", {}).get(_SIGNATURE, ""), payload):
            return False
        return bool(json.loads(payload)["critical"]["image"]["docker-manifest-digest"] == self.digest)

    def _statements(self) -> list[dict[str, Any]]:
        """Referrers that are statements; other tools may have attached other things."""
        return [{"annotations": {}} | entry for entry in self._referrers() if entry.get("artifactType") == _ENVELOPE]

    def _referrers(self) -> list[dict[str, Any]]:
        index = self.repository.manifest(self._tag)
        entries: list[dict[str, Any]] = json.loads(index)["manifests"] if index else []
        return entries

    def _document(self, digest: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.repository.manifest(digest) or b'{"layers": []}')
        return document

    def _upload(self, content: bytes, kind: str) -> dict[str, Any]:
        if not self.repository.has(digest_of(content)):
            self.repository.upload(content)
        return _descriptor(content, kind)


def _descriptor(content: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest_of(content), "size": len(content)}


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()
