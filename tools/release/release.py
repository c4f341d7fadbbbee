"""Push the image of a service, and attach its bills of materials and provenance, signed by cosign.

Each statement about a digest is signed once by a key; statements that the key has signed already are kept. A key's
password is read from RELEASE_KEY_PASSWORD. Signing with a key writes nothing to a transparency log; `--keyless` does.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tools.oci.base.status import OutdatedBaseError
from tools.oci.push.crane import RegistryError
from tools.oci.push.layout import Service
from tools.oci.push.options import add_base_flag, add_registry_flags, add_tag_flag, check_base, crane_of
from tools.oci.push.publish import Publisher, said_of
from tools.oci.push.references import BadReferenceError, repository_for
from tools.release.cosign import CosignError, Signer, given_key, given_path, signing_keyless, signing_with_key
from tools.release.referrers import Referrers
from tools.release.statements import (
    CYCLONEDX,
    PROVENANCE,
    SIGNATURE,
    SPDX,
    Source,
    UnreadableBundleError,
    encoded,
    provenance,
    statement,
    statement_of,
    subjects,
)

_KINDS = {".spdx.json": SPDX, ".cdx.json": CYCLONEDX}
_BUILDER = "urn:builder:workstation"


class UnclearSourceError(Exception):
    """The working tree is not equal to a commit."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """The content of the statements about a service's images."""

    service: Service
    target: str
    source: Source
    builder: str
    sboms: Sequence[Path]

    def statements(self) -> list[dict[str, Any]]:
        """Return the provenance of the images, the bills of materials of each, and the signature of the index."""
        images = self.service.images().values()
        made = provenance(self.source, target=self.target, builder=self.builder)
        origin = statement([self.service.digest, *images], self.service.name, kind=PROVENANCE, predicate=made)
        signature = statement([self.service.digest], self.service.name, kind=SIGNATURE, predicate={})
        return [origin, *map(self._bill, self.sboms), signature]

    def _bill(self, path: Path) -> dict[str, Any]:
        [kind] = [kind for suffix, kind in _KINDS.items() if path.name.endswith(suffix)]
        images = self.service.images()
        [digest] = [images[name] for name in images if f"_{name}_" in path.name]
        return statement([digest], self.service.name, kind=kind, predicate=json.loads(path.read_text()))


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the image is not released."""
    options = _parser().parse_args(arguments)
    reference = options.repository or repository_for(options.default_repository, os.environ.get("IMAGE_REGISTRY", ""))
    try:
        check_base(allowed=options.allow_outdated_base)
        release = Release(
            service=Service(name=reference.rpartition("/")[2], layout=options.image),
            target=options.target,
            source=read_source(Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd())), options.lock),
            builder=options.builder,
            sboms=options.sbom,
        )
        with _signer(options) as signer:
            crane = crane_of(options)
            print(said_of(Publisher(crane=crane).push(release.service, reference, tags=options.tag)))
            for line in attach(release, Referrers.of(reference, crane=crane), signer):
                print(line)
    except (RegistryError, BadReferenceError, OutdatedBaseError, CosignError, UnclearSourceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _signer(options: argparse.Namespace) -> AbstractContextManager[Signer]:
    config = given_path(options.signing_config) if options.signing_config else ""
    if options.keyless:
        return nullcontext(signing_keyless(signing_config=config))
    password = os.environ.get("RELEASE_KEY_PASSWORD", "")
    return signing_with_key(given_key(options.key), password=password, signing_config=config)


def attach(release: Release, referrers: Referrers, signer: Signer) -> list[str]:
    """Attach each statement to every image it is about, unless `signer` has signed it already; return a line for each.

    The index and its signature come last, so an interrupted release is not signed.

    Raises RegistryError, CosignError.
    """
    signed = cache(signer.sign)
    statements, lines = release.statements(), []
    for digest in [*release.service.images().values(), release.service.digest]:
        there = _signed_kinds(referrers.bundles(digest), digest, signer)
        about = [content for content in statements if digest in subjects(content)]
        missing = [content for content in about if content["predicateType"] not in there]
        if missing:
            referrers.attach([signed(encoded(content)) for content in missing], subject=release.service.read(digest))
        lines += [
            f"{'attached' if content in missing else 'was there'}: {content['predicateType']} of {digest}"
            for content in about
        ]
    return lines


def _signed_kinds(bundles: Sequence[bytes], digest: str, signer: Signer) -> set[str]:
    """Return the predicate types of the statements that the signer has signed about a digest."""
    kinds = set()
    for bundle in bundles:
        try:
            kind = statement_of(bundle)["predicateType"]
        except UnreadableBundleError:
            # Another tool attached it in another format.
            continue
        if signer.has_signed(bundle, kind=kind, digest=digest):
            kinds.add(kind)
    return kinds


def read_source(workspace: Path, locks: Sequence[str]) -> Source:
    """Read the commit of the working tree, and the hashes of its locks.

    Raises UnclearSourceError if the tree has uncommitted changes.
    """
    if changed := _git(workspace, "status", "--porcelain"):
        raise UnclearSourceError(f"{changed.splitlines()[0].strip()}: commit this change, then release")
    hashes = {lock: hashlib.sha256((workspace / lock).read_bytes()).hexdigest() for lock in locks}
    return Source(revision=_git(workspace, "rev-parse", "HEAD"), locks=hashes)


def _git(workspace: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", workspace, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UnclearSourceError(f"git cannot name the current commit: {' '.join(done.stderr.split())}")
    return done.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    for path in ("image", "sbom"):
        parser.add_argument(
            f"--{path}", type=Path, required=True, help=argparse.SUPPRESS, nargs="+" if path == "sbom" else None
        )
    for text in ("target", "default-repository"):
        parser.add_argument(f"--{text}", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--lock", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("-r", "--repository", help="where to push, for example registry.example/team/service")
    add_tag_flag(parser)
    add_registry_flags(parser)
    add_base_flag(parser)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--key", help="private key: a PEM file, a key of cosign's, or a URI such as awskms://")
    who.add_argument("--keyless", action="store_true", help="sign with the identity of the CI job or user, by Fulcio")
    parser.add_argument("--signing-config", help="cosign's file that names your own Fulcio, Rekor and TSA")
    parser.add_argument(
        "--builder",
        default=os.environ.get("RELEASE_BUILDER") or _BUILDER,
        help="URI of the builder in the provenance; also RELEASE_BUILDER",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
