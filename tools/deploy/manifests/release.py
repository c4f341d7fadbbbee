"""One service in one environment, as all of its manifests need it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tools.deploy.configuration import Configuration
from tools.deploy.images import Image

Document = dict[str, Any]

SERVE = "serve"
"""The component that answers requests; commands of the image are components named as the command."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """An image, and what people said about the service."""

    service: str
    namespace: str
    image: Image
    configuration: Configuration

    @property
    def name(self) -> str:
        """The service as Kubernetes takes it: without underscores."""
        return kebab(self.service)

    @property
    def prefix(self) -> str:
        """What its environment variables begin with."""
        return f"{self.service.upper()}_"

    def selector(self, component: str | None = SERVE) -> dict[str, str]:
        """Labels by which its pods are found; they never change."""
        chosen = {"app.kubernetes.io/name": self.name}
        return chosen | ({"app.kubernetes.io/component": component} if component else {})

    def labels(self, component: str | None = None) -> dict[str, str]:
        """Labels of everything that is rendered."""
        return self.selector(component) | {"app.kubernetes.io/managed-by": "deploy"}

    def document(self, api: str, kind: str, spec: Document | None, *, name: str | None = None) -> Document:
        """A manifest of this service."""
        metadata = {"name": name or self.name, "namespace": self.namespace, "labels": self.labels()}
        head: Document = {"apiVersion": api, "kind": kind, "metadata": metadata}
        return head if spec is None else head | {"spec": spec}


def kebab(service: str) -> str:
    """A service's name for Kubernetes."""
    return service.replace("_", "-")


def fingerprint(document: Document) -> str:
    """A few characters that differ when the document does."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:8]
