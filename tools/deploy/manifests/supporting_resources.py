"""Resources that a Deployment needs: account, storage, Service, Ingress, scaling and network policy."""

from collections.abc import Iterator

from tools.deploy.configuration import Destination
from tools.deploy.manifests.release import SERVE, Document, Release, kebab


def account(release: Release) -> Document:
    """Return a ServiceAccount without permissions."""
    return release.document("v1", "ServiceAccount", None) | {"automountServiceAccountToken": False}


def claims(release: Release) -> Iterator[Document]:
    """Return a claim for each volume with a size."""
    for name, volume in sorted(release.configuration.volumes.items()):
        if volume.size:
            spec: Document = {"accessModes": [volume.access], "resources": {"requests": {"storage": volume.size}}}
            spec |= {"storageClassName": volume.storage_class} if volume.storage_class else {}
            yield release.document("v1", "PersistentVolumeClaim", spec, name=f"{release.name}-{name}")


def service(release: Release) -> Document:
    """Return the Service, which exposes the main port as port 80."""
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return release.document("v1", "Service", {"selector": release.selector(), "ports": ports})


def ingress(release: Release) -> Iterator[Document]:
    """Return the Ingress, if one is configured."""
    configuration = release.configuration
    if configuration.ingress is None:
        return
    backend = {"service": {"name": release.name, "port": {"name": "http"}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    spec: Document = {"rules": [{"host": host, "http": paths} for host in configuration.hosts]}
    if configuration.ingress.class_name:
        spec["ingressClassName"] = configuration.ingress.class_name
    if configuration.ingress.tls_secret:
        spec["tls"] = [{"hosts": list(configuration.hosts), "secretName": configuration.ingress.tls_secret}]
    yield release.document("networking.k8s.io/v1", "Ingress", spec)


def scaling(release: Release) -> Iterator[Document]:
    """Return the autoscaler and the disruption budget, if there are several processes."""
    configuration = release.configuration
    if configuration.autoscale:
        target = {"type": "Utilization", "averageUtilization": configuration.autoscale.cpu_percent}
        spec = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": release.name},
            "minReplicas": configuration.replicas,
            "maxReplicas": configuration.autoscale.max,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        }
        yield release.document("autoscaling/v2", "HorizontalPodAutoscaler", spec)
    # For a single process a budget would block draining its node.
    if configuration.replicas > 1:
        selector = {"matchLabels": release.selector()}
        yield release.document("policy/v1", "PodDisruptionBudget", {"maxUnavailable": 1, "selector": selector})


def network(release: Release) -> Document:
    """Return the NetworkPolicy, which denies all connections but the configured ones and DNS."""
    wanted = release.configuration.network
    sources = [_pods(service) for service in wanted.from_services]
    sources += [_namespace(name) for name in wanted.from_namespaces]
    monitoring = [_namespace(name) for name in release.environment.monitoring_namespaces]
    admitted = {"http": sources, "metrics": monitoring if release.metrics_port is not None else []}
    names = {"ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]}
    outside = [{"to": [_place(place)], "ports": [{"port": place.port, "protocol": "TCP"}]} for place in wanted.to]
    services = [{"to": [_pods(service)]} for service in wanted.to_services]
    spec = {
        "podSelector": {"matchLabels": release.selector(None)},
        "policyTypes": ["Ingress", "Egress"],
        # A rule without sources would admit every client.
        "ingress": [
            {"from": clients, "ports": [{"port": port, "protocol": "TCP"}]}
            for port, clients in admitted.items()
            if clients
        ],
        "egress": [names, *services, *outside],
    }
    return release.document("networking.k8s.io/v1", "NetworkPolicy", spec)


def _pods(service: str) -> Document:
    labels = {"app.kubernetes.io/name": kebab(service), "app.kubernetes.io/component": SERVE}
    return {"podSelector": {"matchLabels": labels}}


def _place(destination: Destination) -> Document:
    return _namespace(destination.namespace) if destination.namespace else {"ipBlock": {"cidr": destination.cidr}}


def _namespace(name: str) -> Document:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
