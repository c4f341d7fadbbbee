"""Push the images of all services to a registry, each shared layer once.

Without a flag they go to localhost:5000, where `bazel run //tools/oci:registry` listens. IMAGE_REGISTRY in the
environment, or --repository-prefix, names another registry, with a path if need be.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.oci.push.registry import RegistryError, Repository, digest_of

_DEFAULT = "localhost:5000"
_AT_ONCE = 6


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service and the OCI layout of its images."""

    name: str
    layout: Path

    @property
    def digest(self) -> str:
        """The digest of the index of its images."""
        digest: str = json.loads((self.layout / "index.json").read_text())["manifests"][0]["digest"]
        return digest

    def read(self, digest: str) -> bytes:
        """A blob of the layout."""
        return (self.layout / "blobs" / digest.replace(":", "/")).read_bytes()

    def images(self) -> dict[str, str]:
        """Digest of the image for each architecture."""
        index = json.loads(self.read(self.digest))
        return {entry["platform"]["architecture"]: entry["digest"] for entry in index["manifests"]}

    def manifests(self) -> list[tuple[str, dict[str, Any]]]:
        """Digest and document of each image."""
        return [(digest, json.loads(self.read(digest))) for digest in self.images().values()]

    def blobs(self) -> list[str]:
        """Digests of all layers and configs, each once."""
        parts = [part for _, manifest in self.manifests() for part in [*manifest["layers"], manifest["config"]]]
        return list(dict.fromkeys(part["digest"] for part in parts))


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of a push."""

    service: str
    digest: str
    sent: int
    seconds: float


def main(arguments: list[str]) -> int:
    """Run the command; 1 means that a registry did not take an image."""
    options = _parser().parse_args(arguments)
    try:
        rows = push_all(
            read_services(options.images), options.repository_prefix.rstrip("/"), tags=["latest", *options.tag]
        )
    except RegistryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(table(rows))
    return 0


def read_services(images: Path) -> list[Service]:
    """The services of a file that `service_images` made."""
    return [Service(name=name, layout=Path(layout)) for name, layout in json.loads(images.read_text()).items()]


def push_all(services: Sequence[Service], prefix: str, *, tags: Sequence[str]) -> list[Row]:
    """Push services one after the other.

    Raises RegistryError; tags of the service that failed are as they were.
    """
    where: dict[str, str] = {}
    repositories = [Repository.parse(f"{prefix}/{service.name}") for service in services]
    return [push(*pair, tags=tags, where=where) for pair in zip(services, repositories, strict=True)]


def table(rows: Sequence[Row]) -> str:
    """The rows for people, with a last one that sums up."""
    total = Row(service="all", digest="", sent=sum(row.sent for row in rows), seconds=sum(row.seconds for row in rows))
    lines = [f"{row.service:<20} {row.digest:<71} {row.sent:>12,} {row.seconds:>8.1f}" for row in [*rows, total]]
    return "\n".join([f"{'service':<20} {'digest':<71} {'bytes sent':>12} {'seconds':>8}", *lines])


def push(service: Service, repository: Repository, *, tags: Sequence[str], where: dict[str, str]) -> Row:
    """Push blobs, then manifests, then tags: no tag ever names half an image. `where` tells who has a blob already.

    Raises RegistryError; no tag is another than it was.
    """
    started = time.monotonic()
    named = {tag: repository.manifest(tag) for tag in tags}
    missing_tags = [tag for tag, index in named.items() if index is None or digest_of(index) != service.digest]
    if missing_tags:
        there = {blob for index in named.values() if index for blob in _blobs_behind(repository, index)}
        _bring(service, repository, there, where)
        where.update((digest, repository.name) for digest in service.blobs() if digest not in where)
    for tag in missing_tags:
        repository.put(tag, service.read(service.digest))
    return Row(service=service.name, digest=service.digest, sent=repository.sent, seconds=time.monotonic() - started)


def _blobs_behind(repository: Repository, index: bytes) -> set[str]:
    """What the images of an index are made of. Who has an index has that too: no need to ask for each blob."""
    images = [repository.manifest(entry["digest"]) for entry in json.loads(index).get("manifests", [])]
    manifests = [json.loads(image) for image in images if image]
    return {part["digest"] for manifest in manifests for part in [*manifest["layers"], manifest["config"]]}


def _bring(service: Service, repository: Repository, there: set[str], where: dict[str, str]) -> None:
    """Send what is not there: blobs side by side, then the manifests that name them."""

    def bring(digest: str) -> None:
        taken = repository.has(digest) or (digest in where and repository.mount(digest, where[digest]))
        if not taken:
            repository.upload(service.read(digest))

    missing = [digest for digest in service.blobs() if digest not in there]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for number, _ in enumerate(pool.map(bring, missing), start=1):
            _say(f"{service.name}: {number} of {len(missing)} blobs, {repository.sent:,} bytes sent")
    for digest, _ in service.manifests():
        if repository.manifest(digest) is None:
            repository.put(digest, service.read(digest))


def _say(line: str) -> None:
    """One line that moves on a terminal; lines in a log."""
    print(f"\r{line}\033[K" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //:push --", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--repository-prefix",
        default=os.environ.get("IMAGE_REGISTRY") or _DEFAULT,
        help="registry and path, for example registry.example/team; the service's name follows",
    )
    parser.add_argument("-t", "--tag", action="append", default=[], help="a tag besides `latest`")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
