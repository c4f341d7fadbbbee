"""The certificates that this machine trusts, as Bazel's downloader reads them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tools.airgap.errors import AirgapError

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
"""Files of trusted certificates in Linux distributions; the first is Debian's and the root's."""

JAVA_STORE = "/etc/ssl/certs/java/cacerts"
"""Where Debian's Java keeps the same."""


def bundle(env: Mapping[str, str]) -> str:
    """Return the file with the certificates of this machine, or an empty string."""
    named = env.get("SSL_CERT_FILE", "")
    return next((os.path.realpath(path) for path in (named, *BUNDLES) if os.path.isfile(path)), "")


def java_store(root: str, folder: str, certificates: str) -> str:
    """Return a trust store for Java with the certificates; rebuild it if they have changed.

    Raises:
        AirgapError: they cannot be read.
    """
    about = os.stat(certificates)
    name = f"cacerts-{about.st_mtime_ns:x}-{about.st_size:x}"
    store = os.path.join(folder, name)
    if not os.path.exists(store):
        os.makedirs(folder, exist_ok=True)
        part = f"{name}.{os.getpid()}"
        convert(root, certificates, os.path.join(folder, part))
        os.rename(os.path.join(folder, part), store)
    return store


def convert(root: str, certificates: str, store: str) -> None:
    """Write the certificates as a trust store without a password, as Java reads its own."""
    import subprocess

    folder, name = os.path.split(store)
    # Use the root's OpenSSL: the host's may be too old to mark a certificate as trusted by Java.
    mounts = ["--ro-bind", root, "/", "--dev", "/dev"]
    mounts += ["--bind", folder, "/mnt", "--ro-bind", certificates, BUNDLES[0]]
    export = ["openssl", "pkcs12", "-export", "-nokeys", "-in", BUNDLES[0], "-out", f"/mnt/{name}"]
    plain = ["-passout", "pass:", "-certpbe", "NONE", "-nomac", "-jdktrust", "anyExtendedKeyUsage"]
    command = ["bwrap", *mounts, *export, *plain]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip()[-200:]
        raise AirgapError(f"cannot pass the certificates in {certificates} to Bazel: {said}")
