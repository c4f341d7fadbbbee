"""Pods: the image with its settings and the least privileges. They pass the profile `restricted`."""

import json

from tools.deploy.configuration import SecretKey, Volume
from tools.deploy.manifests.release import SERVE, Document, Release

_TMP = "tmp"


def pod(release: Release, *, component: str, containers: list[Document], before: list[Document]) -> Document:
    """Return a pod template that runs as the user of the image."""
    uid, gid = map(int, release.image.user.split(":"))
    spec: Document = {
        "serviceAccountName": release.name,
        "automountServiceAccountToken": False,
        # Service links would be read as settings: USER_SERVICE_PORT=tcp://...
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": uid,
            "runAsGroup": gid,
            "fsGroup": gid,
            # `Always` would make the keys readable by the group at each start; the service refuses such keys.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spec |= {"initContainers": before} if before else {}
    spec |= {"containers": containers, "volumes": _volumes(release)}
    return {"metadata": {"labels": release.labels(component)}, "spec": spec}


def container(release: Release, *, name: str, command: tuple[str, ...] = ()) -> Document:
    """Return a container that serves, or runs a command of the image."""
    resources = release.configuration.resources
    document: Document = {"name": name, "image": release.image.reference}
    document |= {"args": list(command)} if command else {}
    return document | {
        "env": _environment(release),
        "resources": {
            "requests": {"cpu": resources.cpu, "memory": resources.memory},
            "limits": {"memory": resources.memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [_mount(name, volume) for name, volume in sorted(release.configuration.volumes.items())]
        + [{"name": _TMP, "mountPath": "/tmp"}],  # noqa: S108 - the container's own
    }


def server(release: Release) -> Document:
    """Return the container that answers requests, with its ports and probes."""
    return container(release, name=SERVE) | {
        "ports": _ports(release),
        "startupProbe": _probe("/livez", period=1, failures=60),
        "livenessProbe": _probe("/livez", period=10, failures=3),
        "readinessProbe": _probe("/readyz", period=5, failures=2),
    }


def scrape_annotations(release: Release) -> Document:
    """Return the annotations by which Prometheus finds the metrics of a pod; empty without metrics."""
    if release.metrics_port is None:
        return {}
    values = {"scrape": "true", "port": str(release.metrics_port), "path": "/metrics"}
    return {f"prometheus.io/{name}": value for name, value in values.items()}


def before_start(release: Release) -> list[Document]:
    """Return the init containers. A SQLite file is migrated here, where no other process has it open."""
    configuration = release.configuration
    commands = (["migrate"] if configuration.is_on_sqlite else []) + list(configuration.before_start)
    return [container(release, name=command, command=(command,)) for command in commands]


def internal_hosts(release: Release) -> list[str]:
    """Return the DNS names of the service inside the cluster."""
    name = f"{release.name}.{release.namespace}"
    return [release.name, name, f"{name}.svc", f"{name}.svc.cluster.local"]


def _environment(release: Release) -> list[Document]:
    configuration = release.configuration
    settings: dict[str, object] = {**configuration.settings, **configuration.secrets}
    if configuration.hosts:
        settings["allowed_hosts"] = [*configuration.hosts, *internal_hosts(release)]
    # Without an ingress, other services are the clients, and their forwarding headers are not to be trusted.
    if configuration.ingress:
        settings["trusted_proxies"] = release.environment.trusted_proxies
    if release.metrics_port is not None:
        settings["metrics_port"] = release.metrics_port
    values = {release.prefix + name.upper(): value for name, value in settings.items()}
    values.update(configuration.opentelemetry)
    return [{"name": name} | _value(value) for name, value in sorted(values.items())]


def _value(value: object) -> Document:
    if isinstance(value, SecretKey):
        return {"valueFrom": {"secretKeyRef": {"name": value.secret, "key": value.key}}}
    return {"value": _text(value)}


def _ports(release: Release) -> list[Document]:
    ports: list[Document] = [{"name": "http", "containerPort": release.image.port}]
    if release.metrics_port is not None:
        ports.append({"name": "metrics", "containerPort": release.metrics_port})
    return ports


def _text(value: object) -> str:
    """Return a value escaped for Kubernetes, which would expand `$(NAME)`."""
    return (value if isinstance(value, str) else json.dumps(value)).replace("$", "$$")


def _mount(name: str, volume: Volume) -> Document:
    return {"name": name, "mountPath": volume.path} | ({"readOnly": True} if volume.secret else {})


def _volumes(release: Release) -> list[Document]:
    mine = [
        {"name": name, "secret": {"secretName": volume.secret, "defaultMode": 0o440}}
        if volume.secret
        else {"name": name, "persistentVolumeClaim": {"claimName": f"{release.name}-{name}"}}
        for name, volume in sorted(release.configuration.volumes.items())
    ]
    return [*mine, {"name": _TMP, "emptyDir": {}}]


def _probe(path: str, *, period: int, failures: int) -> Document:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }
