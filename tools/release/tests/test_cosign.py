"""`cosign` itself accepts a release, refuses another key, and takes the keys that teams have."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, PublicFormat

from tools.oci.push.layout import MANIFEST, digest_of
from tools.release.cosign import CosignError, Signer, Verifier, given_key, signing_keyless, signing_with_key
from tools.release.referrers import Referrers
from tools.release.release import Release, attach
from tools.release.statements import SIGNATURE, encoded, statement
from tools.release.verify import NotVerifiedError, verify

_DIGEST = f"sha256:{'d' * 64}"
_STATEMENT = encoded(statement([_DIGEST], "users", kind=SIGNATURE, predicate={}))


def _cosign(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["cosign", *arguments], capture_output=True, text=True, check=False)


def _verify(referrers: Referrers, digest: str, *command: str) -> subprocess.CompletedProcess[str]:
    reference = f"{referrers.repository}@{digest}"
    return _cosign(*command, "--insecure-ignore-tlog", reference)


@pytest.mark.parametrize("key", ["ours", "other"])
def test_cosign_verifies_a_release(
    referrers: Referrers, release: Release, signer: Signer, keys: Path, key: str
) -> None:
    """It accepts signature and statements by our key and none by another."""
    attach(release, referrers, signer)
    index, [image] = release.service.digest, release.service.images().values()
    public = f"--key={keys / key}.pub"
    outcomes = [_verify(referrers, index, "verify", public)]
    for digest, kind in [
        (index, "slsaprovenance1"),
        (image, "slsaprovenance1"),
        (image, "spdxjson"),
        (image, "cyclonedx"),
    ]:
        outcomes.append(_verify(referrers, digest, "verify-attestation", public, f"--type={kind}"))
    assert [done.returncode == 0 for done in outcomes] == [key == "ours"] * len(outcomes), outcomes


def test_cosign_finds_statements_by_type(referrers: Referrers, release: Release, signer: Signer, keys: Path) -> None:
    """It has no bill of materials of the index: each is about one image."""
    attach(release, referrers, signer)
    done = _verify(referrers, release.service.digest, "verify-attestation", f"--key={keys}/ours.pub", "--type=spdxjson")
    assert done.returncode != 0


def test_signature_of_cosign_2_is_verified_by_cosign(
    referrers: Referrers, release: Release, verifier: Verifier, keys: Path
) -> None:
    """Images that were signed before bundles are verified by `cosign verify`, which `image_verify` names."""
    digest = release.service.digest
    _sign_as_cosign_2(referrers, digest, keys / "ours.pem")
    assert _verify(referrers, digest, "verify", f"--key={keys}/ours.pub").returncode == 0
    assert _verify(referrers, digest, "verify", f"--key={keys}/other.pub").returncode != 0
    with pytest.raises(NotVerifiedError, match="verify it by `cosign verify`, or release again"):
        verify(referrers, digest, verifier)


def _sign_as_cosign_2(referrers: Referrers, digest: str, key: Path) -> None:
    """Attach a signature under the tag `.sig` (cosign's SIGNATURE_SPEC.md), as releases did until November 2026."""
    critical = {
        "identity": {"docker-reference": f"{referrers.repository}"},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }
    payload = json.dumps({"critical": critical, "optional": None}).encode()
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", key], input=payload, capture_output=True, check=True
    )
    rootfs = {"type": "layers", "diff_ids": [digest_of(payload)]}
    config = json.dumps({"architecture": "", "os": "", "config": {}, "rootfs": rootfs}).encode()
    annotations = {"dev.cosignproject.cosign/signature": base64.b64encode(signature.stdout).decode()}
    layer = {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "annotations": annotations}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": referrers.api.upload(config),
            "size": len(config),
        },
        "layers": [layer | {"digest": referrers.api.upload(payload), "size": len(payload)}],
    }
    referrers.api.put(f"{digest.replace(':', '-')}.sig", json.dumps(manifest).encode())


def test_pem_with_password_signs(tmp_path: Path, keys: Path) -> None:
    """A key of openssl's under a password signs what its public half verifies."""
    del keys
    key, path = generate_private_key(SECP256R1()), tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    (tmp_path / "key.pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with signing_with_key(str(path), password="secret") as signer:
        _verify_blob(tmp_path, signer.sign(_STATEMENT))
    with pytest.raises(CosignError, match=r"key\.pem is not a private key in PEM: Incorrect password"):
        signing_with_key(str(path), password="wrong").__enter__()


def test_key_of_cosign_signs(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that cosign made is used unchanged, with its password."""
    del keys
    monkeypatch.setenv("COSIGN_PASSWORD", "secret")
    assert _cosign("generate-key-pair", f"--output-key-prefix={tmp_path}/key").returncode == 0
    with signing_with_key(f"{tmp_path}/key.key", password="secret") as signer:
        _verify_blob(tmp_path, signer.sign(_STATEMENT))
    with pytest.raises(CosignError, match="decryption failed"):
        signing_with_key(f"{tmp_path}/key.key").__enter__()


def _verify_blob(folder: Path, bundle: bytes) -> None:
    with_key = Verifier(flags=["--key", f"{folder}/key.pub", "--insecure-ignore-tlog"])
    with_key.verify(bundle, kind=SIGNATURE, digest=_DIGEST)
    with pytest.raises(CosignError, match="digest does not match"):
        with_key.verify(bundle, kind=SIGNATURE, digest=f"sha256:{'e' * 64}")


def test_uris_are_passed_to_cosign(keys: Path) -> None:
    """Keys of key management services are cosign's to find; its error message is passed on in one line."""
    del keys
    for uri in ("awskms:///alias/release", "gcpkms://projects/p", "k8s://team/release", "pkcs11:token=release"):
        assert given_key(uri) == uri
    with pytest.raises(CosignError, match=r"(?i)vault") as caught:
        signing_with_key("hashivault://release").__enter__()
    assert "\n" not in str(caught.value)


def test_keyless_needs_a_network(keys: Path) -> None:
    """Without Fulcio there is one line that names what could not be reached."""
    del keys
    with pytest.raises(CosignError, match=r"cosign attest-blob: .*sigstore\.dev") as caught:
        signing_keyless().sign(_STATEMENT)
    assert "\n" not in str(caught.value)


def test_keyless_signs_again_what_a_key_signed(signer: Signer) -> None:
    """Only a bundle with a certificate needs no keyless signature any more."""
    bundle = signer.sign(_STATEMENT)
    assert not signing_keyless().has_signed(bundle, kind=SIGNATURE, digest=_DIGEST)
    document = json.loads(bundle)
    document["verificationMaterial"] = {"certificate": {"rawBytes": ""}}
    assert signing_keyless().has_signed(json.dumps(document).encode(), kind=SIGNATURE, digest=_DIGEST)


def test_other_files_are_not_keys(tmp_path: Path) -> None:
    """A file that is no private key, and a missing one, are named."""
    path = tmp_path / "key.pem"
    with pytest.raises(CosignError, match=r"key\.pem is not a private key in PEM: .*No such file"):
        signing_with_key(str(path)).__enter__()
    path.write_text("x")
    with pytest.raises(CosignError, match=r"key\.pem is not a private key in PEM"):
        signing_with_key(str(path)).__enter__()


def test_missing_cosign_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without cosign learns where to get it."""
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(CosignError, match="cosign 3 is not on PATH; install it"):
        signing_keyless().sign(_STATEMENT)
