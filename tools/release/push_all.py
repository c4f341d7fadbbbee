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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.release.registry import RegistryError, Repository

_DEFAULT = "localhost:5000"


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
    return [_push(service, Repository.parse(f"{prefix}/{service.name}"), tags, where) for service in services]


def table(rows: Sequence[Row]) -> str:
    """The rows for people, with a last one that sums up."""
    total = Row(service="all", digest="", sent=sum(row.sent for row in rows), seconds=sum(row.seconds for row in rows))
    lines = [f"{row.service:<20} {row.digest:<71} {row.sent:>12,} {row.seconds:>8.1f}" for row in [*rows, total]]
    return "\n".join([f"{'service':<20} {'digest':<71} {'bytes sent':>12} {'seconds':>8}", *lines])


def _push(service: Service, repository: Repository, tags: Sequence[str], where: dict[str, str]) -> Row:
    """Blobs, then manifests, then tags: no tag ever names half an image. `where` tells who has a blob already."""
    started = time.monotonic()
    missing_tags = [tag for tag in tags if repository.digest(tag) != service.digest]
    blobs = service.blobs()
    for number, digest in enumerate(blobs if missing_tags else [], start=1):
        _bring(digest, service, repository, where)
        _say(f"{service.name}: {number} of {len(blobs)} blobs, {repository.sent:,} bytes sent")
    where.update((digest, repository.name) for digest in blobs if digest not in where)
    for digest, _ in service.manifests() if missing_tags else []:
        if repository.manifest(digest) is None:
            repository.put(digest, service.read(digest))
    for tag in missing_tags:
        repository.put(tag, service.read(service.digest))
    return Row(service=service.name, digest=service.digest, sent=repository.sent, seconds=time.monotonic() - started)


def _bring(digest: str, service: Service, repository: Repository, where: dict[str, str]) -> None:
    if repository.has(digest) or (digest in where and repository.mount(digest, where[digest])):
        return
    repository.upload(service.read(digest))


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
