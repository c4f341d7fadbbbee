"""Images: which one is meant, where it comes from, and that its registry has it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tools.deploy.errors import ImageMissingError
from tools.oci.push.push_all import Service, push
from tools.oci.push.registry import Repository


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image by its digest, the repository that it is pulled from, and the port that it listens on."""

    repository: str
    digest: str
    port: int

    @property
    def reference(self) -> str:
        """As Kubernetes names it."""
        return f"{self.repository}@{self.digest}"

    @property
    def tag(self) -> str:
        """A tag that no other image gets: without one, a registry might clear the image away."""
        return "deployed-" + self.digest.removeprefix("sha256:")[:12]

    def at(self, registry: str) -> "Image":
        """The same image on another registry."""
        return replace(self, repository=f"{registry}/{self.repository.rpartition('/')[2]}")


Bring = Callable[[Image], None]
"""Makes sure that an image is where it is to be pulled from."""


def built_image(service: Service, registry: str) -> Image:
    """The image of a service as it was just built."""
    [(_, manifest), *_] = service.manifests()
    config: dict[str, Any] = json.loads(service.read(manifest["config"]["digest"]))["config"]
    [port] = [int(port.partition("/")[0]) for port in config["ExposedPorts"]]
    return Image(repository=f"{registry}/{service.name}", digest=service.digest, port=port)


def push_built(service: Service, where: dict[str, str], image: Image) -> None:
    """Push what was built unless it is there; `where` tells which repository has a blob. Raises RegistryError."""
    push(service, Repository.parse(image.repository), tags=[image.tag], where=where)


def copy_between(source: Image, image: Image, *, remedy: str) -> None:
    """Take an image over from another repository unless it is there.

    Raises:
        ImageMissingError: the source does not have it either.
        RegistryError: a registry refused, or could not be reached.
    """
    target = Repository.parse(image.repository)
    if target.digest(image.tag) == image.digest:
        return
    origin = Repository.parse(source.repository)
    index = origin.manifest(source.digest)
    if index is None:
        raise ImageMissingError(source.reference, remedy)
    if origin.name != target.name or origin.registry != target.registry:
        for entry in json.loads(index).get("manifests", []):
            _copy_manifest(origin, target, entry["digest"])
    target.put(image.tag, index)


def _copy_manifest(origin: Repository, target: Repository, digest: str) -> None:
    manifest = origin.manifest(digest)
    if manifest is None:
        raise ImageMissingError(
            f"{origin.registry}/{origin.name}@{digest}", "the image there is not whole; push it again"
        )
    document = json.loads(manifest)
    for part in [*document["layers"], document["config"]]:
        if not target.has(part["digest"]) and not _mounted(origin, target, part["digest"]):
            target.upload(origin.blob(part["digest"]))
    target.put(digest, manifest)


def _mounted(origin: Repository, target: Repository, digest: str) -> bool:
    return origin.registry == target.registry and target.mount(digest, origin.name)
