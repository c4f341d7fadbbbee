"""Verify an image on a registry: its content by digest, its signature, and every statement about it by cosign.

The digest is that of the working tree's build, so this also shows that the registry has the image of this source.
"""

import argparse
import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tools.oci.push.crane import RegistryError
from tools.oci.push.layout import Service, digest_of
from tools.oci.push.options import add_registry_flags, crane_of
from tools.oci.push.references import BadReferenceError, check_repository, repository_for
from tools.release.cosign import CosignError, Verifier, given_key, given_path, verifying_identity, verifying_with_key
from tools.release.referrers import Referrers
from tools.release.statements import (
    CYCLONEDX,
    PROVENANCE,
    SIGNATURE,
    SPDX,
    UnreadableBundleError,
    statement_of,
    subjects,
)

_OF_INDEX = {PROVENANCE, SIGNATURE}
_OF_IMAGE = {CYCLONEDX, PROVENANCE, SPDX}


class NotVerifiedError(Exception):
    """An image is not to be trusted."""


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the image is not to be trusted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.certificate_identity and not options.certificate_oidc_issuer:
        parser.error("--certificate-identity needs --certificate-oidc-issuer")
    reference = options.repository or repository_for(options.default_repository, os.environ.get("IMAGE_REGISTRY", ""))
    digest = Service(name="", layout=options.image).digest
    try:
        with _verifier(options) as verifier:
            check_repository(reference)
            for line in verify(Referrers.of(reference, crane=crane_of(options), push=False), digest, verifier):
                print(line)
    except (NotVerifiedError, RegistryError, BadReferenceError, CosignError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{reference}@{digest} is complete and signed, and matches its statements")
    return 0


def verify(referrers: Referrers, digest: str, verifier: Verifier) -> list[str]:
    """Check signature, content and statements of an index.

    Returns:
        A line for each statement that is not verified, and therefore ignored: signed by an earlier key, for example.

    Raises:
        NotVerifiedError: a statement is missing or not verified, or it is about other content.
        RegistryError: content does not match its digest, or the registry cannot be reached.
    """
    if not referrers.bundles(digest):
        raise NotVerifiedError(_unsigned(referrers, digest))
    images = _check_content(referrers, digest)
    lines = _check_statements(referrers, digest, verifier, wanted=_OF_INDEX, images=[digest, *images])
    for image in images:
        lines += _check_statements(referrers, image, verifier, wanted=_OF_IMAGE, images=[digest, *images])
    return lines


def _unsigned(referrers: Referrers, digest: str) -> str:
    name = referrers.repository
    # The tag of signatures up to cosign 2 (specified in its SIGNATURE_SPEC.md).
    if referrers.manifest(f"{digest.replace(':', '-')}.sig") is None:
        return f"{name} has no signature of {digest}"
    return f"{name} has only a signature of cosign 2's form of {digest}; verify it by `cosign verify`, or release again"


def _check_content(referrers: Referrers, digest: str) -> list[str]:
    """Read all content of an index and verify its digests; return the digests of its images."""
    images = [entry["digest"] for entry in json.loads(_manifest(referrers, digest))["manifests"]]
    manifests = [json.loads(_manifest(referrers, image)) for image in images]
    for blob in {part["digest"] for manifest in manifests for part in [*manifest["layers"], manifest["config"]]}:
        referrers.blob(blob)
    return images


def _manifest(referrers: Referrers, digest: str) -> bytes:
    content = referrers.manifest(digest)
    if content is None or digest_of(content) != digest:
        raise NotVerifiedError(f"{referrers.repository} has no {digest}, or something else in its place")
    return content


def _check_statements(
    referrers: Referrers, digest: str, verifier: Verifier, *, wanted: set[str], images: list[str]
) -> list[str]:
    """Check that a digest has all required statements, verified, and about these images only.

    Every account that may push can attach statements, so statements that are not verified are ignored.
    """
    found: set[str] = set()
    ignored: dict[str, str] = {}
    for bundle in referrers.bundles(digest):
        kind = "of an unknown kind"
        try:
            content = statement_of(bundle)
            kind = content["predicateType"]
            verifier.verify(bundle, kind=kind, digest=digest)
        except (UnreadableBundleError, CosignError) as error:
            ignored[kind] = str(error)
            continue
        if others := set(subjects(content)) - set(images):
            raise NotVerifiedError(f"a statement about {digest} is about another image too: {min(others)}")
        found.add(kind)
    for kind in sorted(found ^ wanted):
        problem = "is not one that a release makes" if kind in found else "is missing"
        if kind not in found and ignored:
            problem = f"is not verified: {ignored.get(kind) or min(ignored.values())}"
        raise NotVerifiedError(f"a statement {kind} about {digest} {problem}")
    return [f"ignored: {kind} of {digest}, not verified: {error}" for kind, error in ignored.items()]


def _verifier(options: argparse.Namespace) -> AbstractContextManager[Verifier]:
    if options.key:
        return verifying_with_key(given_key(options.key))
    root = given_path(options.trusted_root) if options.trusted_root else ""
    identity, issuer = options.certificate_identity, options.certificate_oidc_issuer
    return nullcontext(verifying_identity(identity, issuer=issuer, trusted_root=root))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="image_verify", description=__doc__)
    parser.add_argument("--image", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--default-repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("-r", "--repository", help="where to look, for example registry.example/team/service")
    add_registry_flags(parser)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--key", help="public key: a PEM file, or a URI such as awskms://")
    who.add_argument("--certificate-identity", help="signer of a release with --keyless: a mail address or URI")
    parser.add_argument("--certificate-oidc-issuer", help="OIDC issuer that confirmed that identity, a URL")
    parser.add_argument("--trusted-root", help="cosign's file with the keys of your own Fulcio, Rekor and TSA")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
