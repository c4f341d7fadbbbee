"""Signatures are in cosign's own place and form: the program itself takes them."""

import os
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tools.oci.push.layouts import write_service
from tools.oci.push.push_all import push_all
from tools.oci.push.registry import Repository
from tools.oci.registry.server import Registry
from tools.release.attachments import Attachments
from tools.release.signing import Checker, Signer

pytest_plugins = ["tools.oci.registry.testing"]

_SIGNER, _OTHER = (Signer(key=generate_private_key(SECP256R1())) for _ in range(2))


@pytest.fixture
def signed(registry: Registry, tmp_path: Path) -> Attachments:
    """A small service on the registry, signed."""
    service = write_service(tmp_path / "users", "users", b"layer")
    push_all([service], registry.address, tags=["latest"])
    attachments = Attachments(repository=Repository.parse(f"{registry.address}/users"), digest=service.digest)
    attachments.sign(_SIGNER)
    return attachments


def _cosign(attachments: Attachments, signer: Signer, folder: Path) -> subprocess.CompletedProcess[str]:
    """Ask cosign whether a digest is signed by whoever has the key."""
    key = folder / "public.pem"
    key.write_bytes(signer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    flags = ["--key", str(key), "--insecure-ignore-tlog", "--allow-insecure-registry"]
    reference = f"{attachments.repository.registry}/{attachments.repository.name}@{attachments.digest}"
    command = [str(Path(os.environ["COSIGN"]).absolute()), "verify", *flags, reference]
    return subprocess.run(command, env={"HOME": str(folder)}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("signer", [pytest.param(_SIGNER, id="the key"), pytest.param(_OTHER, id="another key")])
def test_cosign_agrees_with_us(signed: Attachments, signer: Signer, tmp_path: Path) -> None:
    """It accepts what `image_verify` accepts, and refuses what it refuses."""
    done = _cosign(signed, signer, tmp_path)
    ours = signed.is_signed_by(Checker(key=signer.key.public_key()))
    assert (done.returncode == 0) == ours == (signer is _SIGNER), done.stderr
    if ours:
        assert signed.digest in done.stdout
