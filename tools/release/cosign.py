"""Signing in-toto statements and verifying the signatures, both by cosign 3.

A signed statement is a Sigstore bundle (https://docs.sigstore.dev/about/bundle/) with a DSSE envelope. cosign reads
keys from files, key management services, Kubernetes secrets and PKCS #11 tokens; without a key it signs with the
identity that Fulcio certifies.
"""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

_MISSING = (
    "cosign 3 is not on PATH; install it (https://docs.sigstore.dev/cosign/system_config/installation/), "
    "or use ./bazelw in air-gapped mode, which has it"
)


class CosignError(Exception):
    """cosign is missing or failed; the message is cosign's."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs statements with the key or identity that `flags` name.

    Attributes:
        flags: flags of cosign.
        password: password of the key.
        verifier: verifies statements that the key signed; None for an identity, which is known only after signing.
    """

    flags: Sequence[str]
    password: str = ""
    verifier: "Verifier | None" = None

    def has_signed(self, bundle: bytes, *, kind: str, digest: str) -> bool:
        """Return whether a bundle has a signed statement of this predicate type about this digest.

        With a key, only the signature of that key counts. Keyless, the certificate of any identity counts.
        """
        if self.verifier is None:
            material = json.loads(bundle).get("verificationMaterial")
            return isinstance(material, dict) and bool({"certificate", "x509CertificateChain"} & material.keys())
        try:
            self.verifier.verify(bundle, kind=kind, digest=digest)
        except CosignError:
            return False
        return True

    def sign(self, statement: bytes) -> bytes:
        """Return a Sigstore bundle whose payload is the statement. Raises CosignError."""
        with TemporaryDirectory() as folder:
            source, bundle = Path(folder, "statement.json"), Path(folder, "bundle.json")
            source.write_bytes(statement)
            files = ["--statement", str(source), "--bundle", str(bundle)]
            _cosign(["attest-blob", "--yes", *self.flags, *files], password=self.password)
            return bundle.read_bytes()


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Verifies bundles against the key or identity that `flags` name."""

    flags: Sequence[str]

    def verify(self, bundle: bytes, *, kind: str, digest: str) -> None:
        """Check that a bundle is a signed statement of this predicate type about this digest.

        Raises CosignError.
        """
        with TemporaryDirectory() as folder:
            path = Path(folder, "bundle.json")
            path.write_bytes(bundle)
            about = ["--digest", digest.removeprefix("sha256:"), "--digestAlg", "sha256", "--type", kind]
            _cosign(["verify-blob-attestation", *self.flags, "--bundle", str(path), *about])


@contextmanager
def signing_with_key(key: str, *, password: str = "", signing_config: str = "") -> Iterator[Signer]:
    """Sign with a key: a PEM file, a file of cosign's, or a URI that cosign supports.

    Without a signing configuration cosign writes to no transparency log and contacts no service but that of the key.

    Raises CosignError.
    """
    with TemporaryDirectory() as folder:
        flags, password = _key_flags(key, password, Path(folder))
        public = str(Path(folder, "public.pem"))
        _cosign(["public-key", *flags, "--outfile", public], password=password)
        offline = _no_trusted_root(Path(folder))
        verifier = Verifier(flags=["--key", public, "--insecure-ignore-tlog", *offline])
        if signing_config:
            flags += ["--signing-config", signing_config]
        else:
            config = str(Path(folder, "signing_config.json"))
            _cosign(["signing-config", "create", "--out", config])
            flags += ["--signing-config", config, *offline]
        yield Signer(flags=flags, password=password, verifier=verifier)


def signing_keyless(*, signing_config: str = "") -> Signer:
    """Sign with the identity of the CI job or user, certified by Fulcio and written to the transparency log."""
    return Signer(flags=["--signing-config", signing_config] if signing_config else [])


@contextmanager
def verifying_with_key(key: str) -> Iterator[Verifier]:
    """Verify with a public key: a PEM file, or a URI that cosign supports. No transparency log is used.

    Raises CosignError.
    """
    with TemporaryDirectory() as folder:
        flags = ["--key", key, "--insecure-ignore-tlog", *_no_trusted_root(Path(folder))]
        yield Verifier(flags=flags)


def verifying_identity(identity: str, *, issuer: str, trusted_root: str = "") -> Verifier:
    """Verify that a certificate of the transparency log names this identity and issuer."""
    flags = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
    return Verifier(flags=[*flags, "--trusted-root", trusted_root] if trusted_root else flags)


def given_key(key: str) -> str:
    """Return a key as cosign accepts it: a URI (awskms://, k8s://, pkcs11: and so on) unchanged, else a path."""
    return key if _is_uri(key) else given_path(key)


def given_path(path: str) -> str:
    """Resolve a path from the command line against the folder in which the user typed the command."""
    return str(Path(os.environ.get("BUILD_WORKING_DIRECTORY", ".")) / path)


def _is_uri(key: str) -> bool:
    return "://" in key or key.startswith("pkcs11:")


def _key_flags(key: str, password: str, folder: Path) -> tuple[list[str], str]:
    """Return the flags for a key and the password that cosign needs for it."""
    if _is_uri(key):
        return ["--key", key], password
    try:
        content = Path(key).read_bytes()
        if b" SIGSTORE PRIVATE KEY" in content or b" COSIGN PRIVATE KEY" in content:
            return ["--key", key], password
        plain = load_pem_private_key(content, password.encode() or None)
    except (OSError, ValueError, TypeError) as error:
        raise CosignError(f"{key} is not a private key in PEM: {error}") from error
    # cosign signs only with keys in its own format. The copy has a random password and is deleted after the release.
    pem = plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    password = secrets.token_hex()
    prefix = str(folder / "key")
    command = ["import-key-pair", "--yes", "--key", "/dev/stdin", "--output-key-prefix", prefix]
    _cosign(command, password=password, standard_input=pem)
    return ["--key", f"{prefix}.key"], password


def _no_trusted_root(folder: Path) -> list[str]:
    """Keep cosign from downloading the public Sigstore keys, which are not needed with a private key."""
    path = folder / "trusted_root.json"
    _cosign(["trusted-root", "create", "--out", str(path)])
    return ["--trusted-root", str(path)]


def _cosign(arguments: Sequence[str], *, password: str = "", standard_input: bytes | None = None) -> None:
    program = shutil.which("cosign")
    if program is None:
        raise CosignError(_MISSING)
    # If the variable is not set, cosign prompts for the password.
    env = os.environ | {"COSIGN_PASSWORD": password}
    done = subprocess.run([program, *arguments], env=env, input=standard_input, capture_output=True, check=False)
    if done.returncode != 0:
        raise CosignError(f"cosign {arguments[0]}: {_reason(done.stderr.decode(errors='replace'))}")


def _reason(output: str) -> str:
    """Return cosign's error message as one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it failed without a message"]
    errors = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    return (errors or lines)[-1]
