"""Container images: their identity, and pushing or copying them to a registry."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tools.deploy.errors import ImageMissingError, ImageUserError
from tools.oci.push.crane import Crane
from tools.oci.push.layout import Service
from tools.oci.push.publish import Publisher, said_of

USER = re.compile("[1-9][0-9]{0,9}:(0|[1-9][0-9]{0,9})")
"""Uid and gid of the process of an image, not root."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image: its repository, digest, port, and user as `uid:gid`."""

    repository: str
    digest: str
    port: int
    user: str

    @property
    def reference(self) -> str:
        """The reference in a manifest."""
        return f"{self.repository}@{self.digest}"

    @property
    def tag(self) -> str:
        """A tag for this digest only, since registries remove untagged images."""
        return "deployed-" + self.digest.removeprefix("sha256:")[:12]

    def on_registry(self, registry: str) -> "Image":
        """Return the same image on another registry."""
        return replace(self, repository=f"{registry}/{self.repository.rpartition('/')[2]}")


Bring = Callable[[Image], None]
"""A function that pushes or copies an image unless its repository has it."""


def built_image(service: Service, registry: str) -> Image:
    """Return the image of a service from the build."""
    [(_, manifest), *_] = service.manifests()
    config: dict[str, Any] = json.loads(service.read(manifest["config"]["digest"]))["config"]
    [port] = [int(port.partition("/")[0]) for port in config["ExposedPorts"]]
    return Image(
        repository=f"{registry}/{service.name}", digest=service.digest, port=port, user=_user(service.name, config)
    )


def _user(service: str, config: dict[str, Any]) -> str:
    """Return the user of an image config, which Kubernetes needs as numbers.

    Raises:
        ImageUserError: the config has none, or one by name.
    """
    user = str(config.get("User", ""))
    if not USER.fullmatch(user):
        raise ImageUserError(service, user)
    return user


def push_built(service: Service, publisher: Publisher, image: Image) -> None:
    """Push an image of the build unless its repository has it; raises RegistryError."""
    row = publisher.push(service, image.repository, tags=[image.tag])
    if row.sent:
        print(said_of(row), file=sys.stderr, flush=True)


def copy_between(source: Image, image: Image, *, crane: Crane, remedy: str) -> None:
    """Copy an image from another repository unless its own has it.

    Raises:
        ImageMissingError: The source does not have it either.
        RegistryError: A registry refused the request or could not be reached.
    """
    if crane.digest(f"{image.repository}:{image.tag}") == image.digest:
        return
    if crane.digest(source.reference) is None:
        raise ImageMissingError(source.reference, remedy)
    if source.repository != image.repository:
        crane.copy(source.reference, image.reference)
    crane.tag(image.reference, image.tag)
