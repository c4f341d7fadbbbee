"""The machine's certificates reach Bazel's downloader."""

import os
from pathlib import Path

import pytest

from tools.airgap import trust
from tools.airgap.errors import AirgapError

BWRAP = """#!/bin/sh
while [ $# -gt 2 ]; do
    [ "$1 $3" = "--bind /mnt" ] && folder=$2
    [ "$1" = -in ] && bundle=$2
    [ "$1" = -out ] && store=$folder/${2#/mnt/}
    shift
done
[ -z "$SPOILED" ] || { echo "not a certificate" >&2; exit 1; }
echo "store of $bundle" >"$store"
"""


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's bundle of certificates, and a fake of bubblewrap with OpenSSL in it."""
    bwrap = tmp_path / "bwrap"
    bwrap.write_text(BWRAP)
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "ca.pem").write_text("certificates")
    return tmp_path / "ca.pem"


def test_bundle_of_the_caller(bundle: Path) -> None:
    """SSL_CERT_FILE takes precedence over the distribution's bundle."""
    assert trust.bundle({"SSL_CERT_FILE": str(bundle)}) == str(bundle)


def test_machine_without_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a bundle on the machine, the sealed root's bundle is used."""
    monkeypatch.setattr(trust, "BUNDLES", ("/gone",))
    assert trust.bundle({"SSL_CERT_FILE": "/gone"}) == ""


def test_store_is_made_once(bundle: Path, tmp_path: Path) -> None:
    """The store is rebuilt only if the bundle changes."""
    first = trust.java_store("/root", str(tmp_path / "etc"), str(bundle))
    made = Path(first).stat()
    assert Path(first).read_text() == f"store of {trust.BUNDLES[0]}\n"
    assert Path(trust.java_store("/root", str(tmp_path / "etc"), str(bundle))).stat() == made
    bundle.write_text("more certificates")
    assert trust.java_store("/root", str(tmp_path / "etc"), str(bundle)) != first


def test_spoiled_bundle(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error for a bundle that OpenSSL cannot read has its path and OpenSSL's message."""
    monkeypatch.setenv("SPOILED", "1")
    with pytest.raises(AirgapError, match=r"cannot pass .*/ca\.pem to Bazel: not a certificate"):
        trust.java_store("/root", str(tmp_path / "etc"), str(bundle))
