"""The manifests of the environments in this repository, rendered for the images as they are built now."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate import utils as kubernetes

from tools.deploy.environment_rules import check_exposure
from tools.deploy.environment_session import EnvironmentSession
from tools.deploy.known_settings import PAGE, KnownSettings, check_settings
from tools.deploy.plan import Plan
from tools.deploy.records import Folder
from tools.deploy.source import Source
from tools.oci.push.crane import Crane
from tools.oci.push.layout import read_services

_ENVIRONMENTS = sorted(path.parent for path in Path("deploy").glob("*/environment.toml"))
_VERSIONS = (kubernetes.all_versions()[0], kubernetes.latest_version())


@pytest.fixture(params=_ENVIRONMENTS, ids=[path.name for path in _ENVIRONMENTS])
def plan(request: pytest.FixtureRequest) -> Plan:
    """Return the plan of an environment for the images of the build."""
    session = EnvironmentSession.open(
        Folder(path=request.param, name=request.param.name), None, crane=Crane(binary=Path("crane"))
    )
    source = Source(revision="0" * 40, is_committed=True)
    return session.plan(session.built(read_services(Path(os.environ["IMAGES"])), source), is_committed=True)


def _digests() -> dict[str, str]:
    """Return the digest of the image of each service."""
    return {path.parent.name: path.read_text().strip() for path in map(Path, os.environ["DIGESTS"].split())}


def _documents(plan: Plan) -> list[dict[str, Any]]:
    texts = [plan.namespace, *(change.manifest for change in plan.changes)]
    return [document for text in texts for document in yaml.safe_load_all(text)]


def _images(value: object) -> Iterator[str]:
    """Every image that is named anywhere."""
    if isinstance(value, dict):
        yield from (below for key, below in value.items() if key == "image" and isinstance(below, str))
        yield from (image for below in value.values() for image in _images(below))
    elif isinstance(value, list):
        yield from (image for below in value for image in _images(below))


def test_there_are_environments() -> None:
    """At least one environment is found, so that the other tests check something."""
    assert _ENVIRONMENTS


def test_settings_and_exposure_are_allowed(plan: Plan) -> None:
    """Each environment of this repository passes the checks of //deploy:plan against docs/configuration.md."""
    configurations, known = plan.folder.configurations(), KnownSettings.read(Path(PAGE))
    assert known.variables
    check_settings(plan.folder, configurations, known)
    check_exposure(plan.folder, configurations, plan.folder.environment(), known=known)


def test_every_service_is_deployed_or_absent(plan: Plan) -> None:
    """Each service has a change, or is listed as absent without a configuration."""
    assert sorted([*(change.service for change in plan.changes), *plan.absent]) == sorted(_digests())


def test_the_issuer_grants_the_scopes_of_every_service(plan: Plan) -> None:
    """Without an entry in the configuration of either."""
    [users] = [change for change in plan.changes if change.service == "user_service"]
    assert '"products:read", "products:reserve", "products:write"' in users.manifest


@pytest.mark.parametrize("version", _VERSIONS)
def test_every_manifest_is_valid(plan: Plan, version: str) -> None:
    """Each manifest is valid by the strict schema, which allows no unknown field."""
    documents = _documents(plan)
    assert len(documents) > len(plan.changes)
    for document in documents:
        kubernetes.validate(document, version, strict=True)


def test_unknown_field_is_found(plan: Plan) -> None:
    """The strict schemas refuse an unknown field."""
    document = _documents(plan)[-1]
    document["metadata"]["colour"] = "blue"
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(document, _VERSIONS[-1], strict=True)


def test_every_digest_is_that_of_the_image_as_built(plan: Plan) -> None:
    """The manifests name the digests that the image rule wrote, and no others."""
    digests = _digests()
    for change in plan.changes:
        named = {
            image.rpartition("@")[2] for document in yaml.safe_load_all(change.manifest) for image in _images(document)
        }
        assert named == {digests[change.service]}
