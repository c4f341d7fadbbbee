"""Which commit a release is of, and which files are keys."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from tools.release.release import UnclearSourceError, read_source
from tools.release.signing import Checker, Signer, UnusableKeyError


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository with one commit."""
    (tmp_path / "lock.txt").write_text("locked")
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run(["git", "-C", tmp_path, *identity, *command], check=True)
    return tmp_path


def test_source_is_the_commit_and_the_locks(workspace: Path) -> None:
    """The revision is HEAD's, the locks have the hashes of their content."""
    source = read_source(workspace, ["lock.txt"])
    head = (workspace / ".git/refs/heads").iterdir()
    assert source.revision == next(head).read_text().strip()
    assert source.locks == {"lock.txt": hashlib.sha256(b"locked").hexdigest()}


def test_changed_tree_is_no_source(workspace: Path) -> None:
    """What is not committed cannot be named, so it is not released."""
    (workspace / "lock.txt").write_text("changed")
    with pytest.raises(UnclearSourceError, match="commit what has changed"):
        read_source(workspace, ["lock.txt"])


def test_folder_without_git_is_no_source(tmp_path: Path) -> None:
    """Outside of a repository there is no commit to name."""
    with pytest.raises(UnclearSourceError, match="git does not say"):
        read_source(tmp_path, [])


def test_keys_are_read_from_pem(tmp_path: Path) -> None:
    """A private key under a password signs what its public half accepts."""
    key = generate_private_key(SECP256R1())
    private, public = tmp_path / "key.pem", tmp_path / "key.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    signature = Signer.read(private, password="secret").sign(b"content")
    assert Checker.read(public).accepts(signature, b"content")
    assert not Checker.read(public).accepts(signature, b"Content")


def test_other_keys_are_refused(tmp_path: Path) -> None:
    """A key of another kind, and a file that is no key, are named with what was wanted."""
    path = tmp_path / "key.pem"
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    with pytest.raises(UnusableKeyError, match=r"key\.pem is no private key on P-256"):
        Signer.read(path, password="secret")
    with pytest.raises(UnusableKeyError, match="no public key"):
        Checker.read(path)
