"""Push the image of a service, say what it is made of and where it comes from, and sign that.

Each digest is signed once: what is there already is left as it is. The key is ECDSA on P-256 in PEM; its password is
read from RELEASE_KEY_PASSWORD. Nothing is written to a transparency log.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.oci.push.push_all import Service, push_all, table
from tools.oci.push.registry import RegistryError, Repository, repository_for
from tools.release.attachments import Attachments
from tools.release.signing import Signer, UnusableKeyError
from tools.release.statements import CYCLONEDX, PROVENANCE, SPDX, Source, provenance, seal, statement

_KINDS = {".spdx.json": SPDX, ".cdx.json": CYCLONEDX}
_BUILDER = "urn:builder:workstation"


class UnclearSourceError(Exception):
    """No commit is what the image was made from."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """What is to be said of a service's images."""

    service: Service
    target: str
    source: Source
    builder: str
    sboms: Sequence[Path]

    def statements(self) -> list[dict[str, Any]]:
        """Where the images come from, and what each is made of."""
        images = self.service.images().values()
        made = provenance(self.source, target=self.target, builder=self.builder)
        origin = statement([self.service.digest, *images], self.service.name, kind=PROVENANCE, predicate=made)
        return [origin, *map(self._bill, self.sboms)]

    def _bill(self, path: Path) -> dict[str, Any]:
        [kind] = [kind for suffix, kind in _KINDS.items() if path.name.endswith(suffix)]
        images = self.service.images()
        [digest] = [images[name] for name in images if f"_{name}_" in path.name]
        return statement([digest], self.service.name, kind=kind, predicate=json.loads(path.read_text()))


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that the image is not released."""
    options = _parser().parse_args(arguments)
    registry = os.environ.get("IMAGE_REGISTRY", "")
    reference = options.repository or repository_for(options.default_repository, registry)
    prefix, _, name = reference.rpartition("/")
    try:
        signer = Signer.read(_given(options.key), password=os.environ.get("RELEASE_KEY_PASSWORD"))
        release = Release(
            service=Service(name=name, layout=options.image),
            target=options.target,
            source=read_source(Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", Path.cwd())), options.lock),
            builder=options.builder,
            sboms=options.sbom,
        )
        print(table(push_all([release.service], prefix, tags=["latest", *options.tag])))
        for line in attach(release, Repository.parse(reference), signer):
            print(line)
    except (RegistryError, UnusableKeyError, UnclearSourceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def attach(release: Release, repository: Repository, signer: Signer) -> list[str]:
    """Attach what is not there yet, the signature last; return a line for each."""
    attachments = Attachments(repository=repository, digest=release.service.digest)
    there, lines = attachments.kinds(), []
    for content in release.statements():
        kind, subject = content["predicateType"], f"sha256:{content['subject'][0]['digest']['sha256']}"
        new = (kind, subject) not in there
        if new:
            attachments.attach(seal(content, signer), kind=kind, subject=subject)
        lines.append(f"{'attached' if new else 'was there'}: {kind} of {subject}")
    new = not attachments.is_signed()
    if new:
        attachments.sign(signer)
    return [*lines, f"{'signed' if new else 'was signed'}: {release.service.digest}"]


def read_source(workspace: Path, locks: Sequence[str]) -> Source:
    """Read the commit that the working tree is, and the hashes of its locks.

    Raises UnclearSourceError where the tree is not what a commit has.
    """
    if changed := _git(workspace, "status", "--porcelain"):
        raise UnclearSourceError(f"{changed.splitlines()[0].strip()}: commit what has changed, then release")
    hashes = {lock: hashlib.sha256((workspace / lock).read_bytes()).hexdigest() for lock in locks}
    return Source(revision=_git(workspace, "rev-parse", "HEAD"), locks=hashes)


def _git(workspace: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", workspace, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UnclearSourceError(f"git does not say which commit this is: {done.stderr.strip()}")
    return done.stdout.strip()


def _given(path: Path) -> Path:
    """A path as the user typed it, seen from where it was typed."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", ".")) / path


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
    parser.add_argument("-t", "--tag", action="append", default=[], help="a tag besides `latest`")
    parser.add_argument("--key", type=Path, required=True, help="private key, PEM")
    parser.add_argument(
        "--builder", default=os.environ.get("RELEASE_BUILDER") or _BUILDER, help="URI of who builds; RELEASE_BUILDER"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
