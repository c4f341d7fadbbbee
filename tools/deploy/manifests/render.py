"""Manifests as text: the same bytes for the same release, in an order that differs well."""

import json

import yaml

from tools.deploy.manifests import supporting_resources, workloads
from tools.deploy.manifests.release import Document, Release

HEAD = "# Rendered by //deploy"


def render(release: Release, *, source: str) -> str:
    """All manifests of a release, one document each; `source` is the file that they follow from."""
    return f"{HEAD} from {source}. Edit that file, not this one.\n" + _text(documents(release))


def documents(release: Release) -> list[Document]:
    """All manifests of a release, in the order in which they are needed."""
    return [
        supporting_resources.account(release),
        *supporting_resources.claims(release),
        supporting_resources.network(release),
        *workloads.migration(release),
        workloads.deployment(release),
        supporting_resources.service(release),
        *supporting_resources.ingress(release),
        *supporting_resources.scaling(release),
        *workloads.schedules(release),
    ]


def namespace(name: str) -> str:
    """The namespace, which admits no pod that wants more rights than ours."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    return _text([document])


def _text(written: list[Document]) -> str:
    # By way of JSON no two places share a value, which YAML would turn into references.
    apart = json.loads(json.dumps(written))
    text: str = yaml.safe_dump_all(apart, explicit_start=True, sort_keys=False, width=120)
    return text
