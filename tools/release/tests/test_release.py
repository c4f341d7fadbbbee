"""Releasing to a real registry, and not believing what was changed afterwards."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from tools.oci.push.layouts import write_service
from tools.oci.push.push_all import push_all
from tools.oci.push.registry import RegistryError, Repository
from tools.oci.registry.server import Registry
from tools.release.attachments import Attachments
from tools.release.release import Release, attach
from tools.release.signing import Checker, Signer
from tools.release.statements import CYCLONEDX, PROVENANCE, SPDX, Source, seal, statement
from tools.release.verify import NotVerifiedError, verify

pytest_plugins = ["tools.oci.registry.testing"]

_SIGNER = Signer(key=generate_private_key(SECP256R1()))
_CHECKER = Checker(key=_SIGNER.key.public_key())
_OTHER = Signer(key=generate_private_key(SECP256R1()))
_SOURCE = Source(revision="a" * 40, locks={"requirements_lock.txt": "b" * 64})


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """A small service and its bills of materials."""
    return _release(tmp_path / "users", b"layer")


@pytest.fixture
def repository(registry: Registry, release: Release) -> Repository:
    """Where the service has been pushed to."""
    push_all([release.service], registry.address, tags=["latest"])
    return Repository.parse(f"{registry.address}/users")


def _release(folder: Path, layer: bytes) -> Release:
    folder.mkdir()
    service = write_service(folder, "users", layer)
    spdx, cyclonedx = folder / "image_amd64_sbom.spdx.json", folder / "image_amd64_sbom.cdx.json"
    for sbom in (spdx, cyclonedx):
        sbom.write_text(json.dumps({"name": "users"}))
    return Release(
        service=service, target="//services/users:image", source=_SOURCE, builder="urn:x", sboms=[spdx, cyclonedx]
    )


def _data(folder: Path, digest: str) -> Path:
    """The file in which a registry keeps some content."""
    [data] = (folder / "registry/blobs").rglob(f"blobs/sha256/*/{digest.removeprefix('sha256:')}/data")
    return data


def _change_one_byte(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


def _replace(repository: Repository, tag: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Write a tag's manifest anew, as whoever may push could."""
    document = json.loads(repository.manifest(tag) or b"")
    change(document)
    repository.put(tag, json.dumps(document).encode())


def _tag(release: Release) -> str:
    return release.service.digest.replace(":", "-")


def test_release_is_verified(repository: Repository, release: Release) -> None:
    """What was released can be trusted by whoever has the public key."""
    attach(release, repository, _SIGNER)
    verify(repository, release.service.digest, _CHECKER)


def test_each_digest_is_released_once(registry: Registry, repository: Repository, release: Release) -> None:
    """A second release finds all there and writes nothing."""
    attach(release, repository, _SIGNER)
    before = {method: registry.requests(method) for method in ("PATCH", "POST", "PUT")}
    lines = attach(release, repository, _SIGNER)
    assert all(line.startswith("was ") for line in lines)
    assert {method: registry.requests(method) for method in before} == before


def test_statements_are_referrers_by_tag(repository: Repository, release: Release) -> None:
    """The tag made of the digest is an index whose manifests have the digest as their subject."""
    attach(release, repository, _SIGNER)
    index = json.loads(repository.manifest(_tag(release)) or b"")
    assert {entry["annotations"]["in-toto.io/predicate-type"] for entry in index["manifests"]} == {
        PROVENANCE,
        SPDX,
        CYCLONEDX,
    }
    manifests = [json.loads(repository.manifest(entry["digest"]) or b"") for entry in index["manifests"]]
    assert {manifest["subject"]["digest"] for manifest in manifests} == {release.service.digest}


def test_provenance_says_where_from(release: Release) -> None:
    """Commit, builder and every lock with its hash are in a SLSA provenance about the index and its images."""
    content = release.statements()[0]
    assert (content["_type"], content["predicateType"]) == ("https://in-toto.io/Statement/v1", PROVENANCE)
    definition = content["predicate"]["buildDefinition"]
    assert definition["resolvedDependencies"] == [
        {"name": "source", "digest": {"gitCommit": "a" * 40}},
        {"name": "requirements_lock.txt", "digest": {"sha256": "b" * 64}},
    ]
    assert content["predicate"]["runDetails"]["builder"]["id"] == "urn:x"
    assert len(content["subject"]) == 1 + len(release.service.manifests())


def test_signature_has_the_form_of_cosign(repository: Repository, release: Release) -> None:
    """Tag, media type, annotation and payload are where `cosign verify --key` looks for them."""
    attach(release, repository, _SIGNER)
    manifest = json.loads(repository.manifest(f"{_tag(release)}.sig") or b"")
    [layer] = manifest["layers"]
    payload = repository.blob(layer["digest"])
    assert layer["mediaType"] == "application/vnd.dev.cosign.simplesigning.v1+json"
    assert _CHECKER.accepts(layer["annotations"]["dev.cosignproject.cosign/signature"], payload)
    critical = json.loads(payload)["critical"]
    assert critical["type"] == "cosign container image signature"
    assert critical["image"] == {"docker-manifest-digest": release.service.digest}


def test_unsigned_image_is_refused(repository: Repository, release: Release) -> None:
    """A push alone is not a release."""
    with pytest.raises(NotVerifiedError, match="no signature"):
        verify(repository, release.service.digest, _CHECKER)


def test_wrong_key_is_refused(repository: Repository, release: Release) -> None:
    """A signature by anybody else counts for nothing."""
    attach(release, repository, _OTHER)
    with pytest.raises(NotVerifiedError, match="by this key"):
        verify(repository, release.service.digest, _CHECKER)


def test_one_changed_byte_of_a_layer_is_refused(tmp_path: Path, repository: Repository, release: Release) -> None:
    """Every layer is read, and held against its digest."""
    attach(release, repository, _SIGNER)
    _change_one_byte(_data(tmp_path, release.service.blobs()[0]))
    with pytest.raises(RegistryError, match="something else"):
        verify(repository, release.service.digest, _CHECKER)


def test_one_changed_byte_of_a_signature_is_refused(repository: Repository, release: Release) -> None:
    """A signature that was touched is none."""
    attach(release, repository, _SIGNER)

    def touch(manifest: dict[str, Any]) -> None:
        annotations = manifest["layers"][0]["annotations"]
        signature = bytearray(base64.b64decode(annotations["dev.cosignproject.cosign/signature"]))
        signature[-1] ^= 1
        annotations["dev.cosignproject.cosign/signature"] = base64.b64encode(signature).decode()

    _replace(repository, f"{_tag(release)}.sig", touch)
    with pytest.raises(NotVerifiedError, match="by this key"):
        verify(repository, release.service.digest, _CHECKER)


def test_signature_of_another_image_is_refused(tmp_path: Path, repository: Repository, release: Release) -> None:
    """A good signature by the right key, moved over from another image, is refused."""
    other = _release(tmp_path / "other", b"another layer")
    push_all([other.service], repository.registry, tags=["latest"])
    attach(other, repository, _SIGNER)
    attach(release, repository, _SIGNER)
    repository.put(f"{_tag(release)}.sig", repository.manifest(f"{_tag(other)}.sig") or b"")
    with pytest.raises(NotVerifiedError, match="by this key"):
        verify(repository, release.service.digest, _CHECKER)


def test_statements_of_another_image_are_refused(tmp_path: Path, repository: Repository, release: Release) -> None:
    """Statements by the right key, swapped for those of another image, are refused."""
    other = _release(tmp_path / "other", b"another layer")
    push_all([other.service], repository.registry, tags=["latest"])
    attach(other, repository, _SIGNER)
    attach(release, repository, _SIGNER)
    repository.put(_tag(release), repository.manifest(_tag(other)) or b"")
    with pytest.raises(NotVerifiedError, match="statement"):
        verify(repository, release.service.digest, _CHECKER)


def test_statement_by_another_key_is_refused(repository: Repository, release: Release) -> None:
    """One forged statement among good ones is enough to refuse the image."""
    attach(release, repository, _SIGNER)
    forged = statement([release.service.digest], "users", kind=PROVENANCE, predicate={})
    attachments = Attachments(repository=repository, digest=release.service.digest)
    attachments.attach(seal(forged, _OTHER), kind=PROVENANCE, subject=release.service.digest)
    with pytest.raises(NotVerifiedError, match="not by this key"):
        verify(repository, release.service.digest, _CHECKER)


def test_missing_statement_is_refused(repository: Repository, release: Release) -> None:
    """A signature without the statements that belong to it is not enough."""
    attach(release, repository, _SIGNER)
    _replace(repository, _tag(release), lambda index: index["manifests"].pop())
    with pytest.raises(NotVerifiedError, match="is missing"):
        verify(repository, release.service.digest, _CHECKER)
