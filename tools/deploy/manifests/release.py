"""The input of all manifests of a service in an environment."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from tools.deploy.configuration import Configuration, Environment
from tools.deploy.images import Image

Document = dict[str, Any]

SERVE = "serve"
"""The component that answers requests. Other components have the name of their command."""

_METRICS_PORT = 9090


@dataclass(frozen=True, kw_only=True)
class Release:
    """An image, the configuration of its service, and the environment that it runs in."""

    service: str
    environment: Environment
    image: Image
    configuration: Configuration

    @property
    def name(self) -> str:
        """The name of the service in Kubernetes, without underscores."""
        return kebab(self.service)

    @property
    def prefix(self) -> str:
        """The prefix of its environment variables."""
        return f"{self.service.upper()}_"

    @property
    def namespace(self) -> str:
        """The Kubernetes namespace."""
        return self.environment.namespace

    @property
    def metrics_port(self) -> int | None:
        """The port of /metrics, which neither Service nor Ingress exposes; None without metrics."""
        if not self.configuration.has_metrics:
            return None
        return _METRICS_PORT if self.image.port != _METRICS_PORT else _METRICS_PORT + 1

    def selector(self, component: str | None = SERVE) -> dict[str, str]:
        """Return the labels that select its pods; they never change."""
        chosen = {"app.kubernetes.io/name": self.name}
        return chosen | ({"app.kubernetes.io/component": component} if component else {})

    def labels(self, component: str | None = None) -> dict[str, str]:
        """Return the labels of every manifest."""
        return self.selector(component) | {"app.kubernetes.io/managed-by": "deploy"}

    def document(self, api: str, kind: str, spec: Document | None, *, name: str | None = None) -> Document:
        """Return a manifest with the metadata of this service."""
        metadata = {"name": name or self.name, "namespace": self.namespace, "labels": self.labels()}
        head: Document = {"apiVersion": api, "kind": kind, "metadata": metadata}
        return head if spec is None else head | {"spec": spec}


def kebab(service: str) -> str:
    """Return the name of a service in Kubernetes."""
    return service.replace("_", "-")


def fingerprint(document: Document) -> str:
    """Return a short hash of a document."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:8]
