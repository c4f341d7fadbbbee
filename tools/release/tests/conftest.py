"""A small release, the registry that it is pushed to, and keys."""

import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tools.oci.push.crane import Crane
from tools.oci.push.layouts import write_service
from tools.oci.push.publish import Publisher
from tools.oci.registry.server import Registry
from tools.release.cosign import Signer, Verifier, signing_with_key, verifying_with_key
from tools.release.referrers import Referrers
from tools.release.release import Release
from tools.release.statements import Source

pytest_plugins = ["tools.oci.registry.testing"]

_SOURCE = Source(revision="a" * 40, locks={"requirements_lock.txt": "b" * 64})


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key pairs in PEM: `ours.pem` with `ours.pub`, and `other.pem` with `other.pub`."""
    # cosign writes files to the home folder.
    folder = tmp_path_factory.mktemp("keys")
    os.environ["HOME"] = str(folder)
    for name in ("ours", "other"):
        key = generate_private_key(SECP256R1())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.pem").write_bytes(private)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / f"{name}.pub").write_bytes(public)
    return folder


@pytest.fixture(scope="session")
def signer(keys: Path) -> Iterator[Signer]:
    """Signs with our key."""
    with signing_with_key(str(keys / "ours.pem")) as signer:
        yield _remembering(signer)


@pytest.fixture(scope="session")
def other_signer(keys: Path) -> Iterator[Signer]:
    """Signs with another key."""
    with signing_with_key(str(keys / "other.pem")) as signer:
        yield _remembering(signer)


def _remembering(signer: Signer) -> Signer:
    """Sign equal statements once for all tests."""
    signed = cache(signer.sign)

    class Remembering(Signer):
        def sign(self, statement: bytes) -> bytes:
            return signed(statement)

    return Remembering(flags=signer.flags, password=signer.password, verifier=signer.verifier)


@pytest.fixture(scope="session")
def verifier(keys: Path) -> Iterator[Verifier]:
    """Verifies what our key signed."""
    with verifying_with_key(str(keys / "ours.pub")) as verifier:
        yield verifier


@pytest.fixture
def make_release(tmp_path: Path) -> Callable[[bytes], Release]:
    """Return a function that makes a release of a service with this layer."""

    def make(layer: bytes) -> Release:
        folder = tmp_path / layer.decode()
        folder.mkdir()
        spdx, cyclonedx = folder / "image_amd64_sbom.spdx.json", folder / "image_amd64_sbom.cdx.json"
        for sbom in (spdx, cyclonedx):
            sbom.write_text(json.dumps({"name": "users"}))
        service = write_service(folder, "users", layer)
        target = "//services/users:image"
        return Release(service=service, target=target, source=_SOURCE, builder="urn:x", sboms=[spdx, cyclonedx])

    return make


@pytest.fixture
def release(make_release: Callable[[bytes], Release]) -> Release:
    """A small service and its bills of materials."""
    return make_release(b"layer")


@pytest.fixture
def referrers(registry: Registry, release: Release) -> Referrers:
    """The repository that the service has been pushed to."""
    crane = Crane.from_environment()
    Publisher(crane=crane).push(release.service, f"{registry.address}/users")
    return Referrers.of(f"{registry.address}/users", crane=crane)
