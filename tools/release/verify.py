"""Hold an image on a registry against its digest, its signature and what is said of it.

The digest is that of the working tree's build, so this also shows that the registry has what this source makes.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from tools.oci.push.push_all import Service
from tools.oci.push.registry import RegistryError, Repository, digest_of, repository_for
from tools.release.attachments import Attachments
from tools.release.signing import Checker, UnusableKeyError
from tools.release.statements import CYCLONEDX, PROVENANCE, SPDX, ForgedError, unseal


class NotVerifiedError(Exception):
    """An image is not to be trusted."""


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the image is not to be trusted."""
    options = _parser().parse_args(arguments)
    registry = os.environ.get("IMAGE_REGISTRY", "")
    reference = options.repository or repository_for(options.default_repository, registry)
    digest = Service(name="", layout=options.image).digest
    try:
        verify(Repository.parse(reference), digest, Checker.read(_given(options.key)))
    except (NotVerifiedError, RegistryError, UnusableKeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{reference}@{digest} is signed, whole, and what its statements are of")
    return 0


def verify(repository: Repository, digest: str, checker: Checker) -> None:
    """Check signature, content and statements of an index.

    Raises NotVerifiedError, or RegistryError for content that is not its digest's.
    """
    attachments = Attachments(repository=repository, digest=digest)
    if not attachments.is_signed():
        raise NotVerifiedError(f"{repository.name} has no signature of {digest}")
    if not attachments.is_signed_by(checker):
        raise NotVerifiedError(f"no signature of {digest} is by this key")
    images = _whole(repository, digest)
    _check_statements(attachments, images, checker)


def _whole(repository: Repository, digest: str) -> list[str]:
    """Read all that an index names, each by its digest; return the digests of its images."""
    images = [entry["digest"] for entry in json.loads(_manifest(repository, digest))["manifests"]]
    manifests = [json.loads(_manifest(repository, image)) for image in images]
    for blob in {part["digest"] for manifest in manifests for part in [*manifest["layers"], manifest["config"]]}:
        repository.blob(blob)
    return images


def _manifest(repository: Repository, digest: str) -> bytes:
    content = repository.manifest(digest)
    if content is None or digest_of(content) != digest:
        raise NotVerifiedError(f"{repository.name} has no {digest}, or something else in its place")
    return content


def _check_statements(attachments: Attachments, images: list[str], checker: Checker) -> None:
    wanted = {(PROVENANCE, digest) for digest in [attachments.digest, *images]}
    wanted |= {(kind, digest) for kind in (SPDX, CYCLONEDX) for digest in images}
    said: set[tuple[str, str]] = set()
    for envelope in attachments.envelopes():
        try:
            content = unseal(envelope, checker)
        except ForgedError as error:
            raise NotVerifiedError(f"a statement about {attachments.digest} is not by this key") from error
        said |= {(content["predicateType"], f"sha256:{one['digest']['sha256']}") for one in content["subject"]}
    for kind, digest in sorted(said ^ wanted):
        problem = "is not about this image" if (kind, digest) in said else "is missing"
        raise NotVerifiedError(f"a statement {kind} about {digest} {problem}")


def _given(path: Path) -> Path:
    """A path as the user typed it, seen from where it was typed."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", ".")) / path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="image_verify", description=__doc__)
    parser.add_argument("--image", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--default-repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("-r", "--repository", help="where to look, for example registry.example/team/service")
    parser.add_argument("--key", type=Path, required=True, help="public key, PEM")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
