"""Render manifests as text: the same bytes for the same release."""

import json

import yaml

from tools.deploy.manifests import supporting_resources, workloads
from tools.deploy.manifests.release import Document, Release

HEAD = "# Rendered by //deploy"


def render(release: Release, *, source: str) -> str:
    """Return all manifests of a release as YAML; `source` is the file that configures it."""
    return f"{HEAD} from {source}. Edit that file, not this one.\n" + _text(documents(release))


def documents(release: Release) -> list[Document]:
    """Return all manifests of a release, in the order in which they are applied."""
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
    """Return the namespace, which admits only pods of the profile `restricted`."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    return _text([document])


def _text(written: list[Document]) -> str:
    # A copy by way of JSON shares no objects, which YAML would write as aliases.
    apart = json.loads(json.dumps(written))
    text: str = yaml.safe_dump_all(apart, explicit_start=True, sort_keys=False, width=120)
    return text
