"""From an empty environment to a promotion and back, with a real registry."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tools.deploy.testing import MOMENT, DeployWorkspace
from tools.oci.push.crane import Crane
from tools.oci.registry.server import Registry, free_port, running_registry

_LATER = MOMENT + timedelta(hours=1)
_WRITES = ("POST", "PATCH", "PUT")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Run a real registry on loopback."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(Path(os.environ["DOCKER_REGISTRY"]), folder=folder, port=free_port()) as registry:
        yield registry


@pytest.fixture
def workspace(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return two environments with unique repositories, where nothing is deployed."""
    name = "".join(letter for letter in tmp_path.name if letter.isalnum())
    return DeployWorkspace.create(tmp_path / "tree", f"{registry.address}/{name}", monkeypatch)


def _sent(registry: Registry) -> int:
    return sum(len(registry.requests(method)) for method in _WRITES)


def _kinds(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], environment: str = "staging"
) -> dict[str, str]:
    capsys.readouterr()
    assert workspace.run("plan", "--env", environment, "--format", "json") == 0
    return {entry["service"]: entry["change"] for entry in json.loads(capsys.readouterr().out)["services"]}


def test_everything_is_new_then_nothing_is_to_do(
    workspace: DeployWorkspace, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """An apply carries out the plan; a second one pushes and writes nothing."""
    assert _kinds(workspace, capsys) == {"products": "new", "users": "new"}
    assert workspace.run("apply", "--env", "staging") == 0
    assert _kinds(workspace, capsys) == {"products": "unchanged", "users": "unchanged"}
    files, sent = workspace.files(), _sent(registry)
    assert workspace.run("apply", "--env", "staging", now=_LATER) == 0
    assert capsys.readouterr().out.endswith("nothing to do\n")
    assert (workspace.files(), _sent(registry)) == (files, sent)


def test_digest_is_built_recorded_rendered_and_there(workspace: DeployWorkspace) -> None:
    """The registry has, under the digest of the manifests, exactly what was built."""
    built = workspace.build("other")["users"]
    assert workspace.run("apply", "--env", "staging") == 0
    assert workspace.digest("staging", "users") == built.digest
    reference = f"{workspace.registry}/users@{built.digest}"
    assert f"image: {reference}\n" in workspace.read("deploy/staging/manifests/users.yaml")
    assert Crane.from_environment().manifest(reference) == built.read(built.digest)


def test_only_what_differs_is_pushed_and_rendered(
    workspace: DeployWorkspace, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another image of one service leaves every file of the other as it was, and its repository untouched."""
    workspace.run("apply", "--env", "staging")
    before, asked = workspace.files(), len(registry.requests("PUT"))
    workspace.build("second", "users")
    assert _kinds(workspace, capsys) == {"products": "unchanged", "users": "changed"}
    assert workspace.run("apply", "--env", "staging", now=_LATER) == 0
    changed = {name for name, content in workspace.files().items() if before[name] != content}
    assert changed == {"staging/users.json", "staging/manifests/users.yaml"}
    assert all("/users/" in path for path in registry.requests("PUT")[asked:])


def test_configuration_alone_deploys_too(
    workspace: DeployWorkspace, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting changes manifests and record, names itself as the reason, and sends no image."""
    workspace.run("apply", "--env", "staging")
    digest, sent = workspace.digest("staging", "users"), _sent(registry)
    workspace.write("deploy/staging/users.toml", workspace.read("deploy/staging/users.toml").replace("info", "debug"))
    workspace.run("plan", "--env", "staging")
    assert "configuration: Deployment.spec" in capsys.readouterr().out
    assert workspace.run("apply", "--env", "staging") == 0
    assert "value: debug" in workspace.read("deploy/staging/manifests/users.yaml")
    assert (workspace.digest("staging", "users"), _sent(registry)) == (digest, sent)
    assert _kinds(workspace, capsys) == {"products": "unchanged", "users": "unchanged"}


def test_a_service_that_is_gone_is_removed(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Without its configuration its manifests and its record go, and the command that clears the cluster is printed."""
    workspace.run("apply", "--env", "staging")
    (workspace.root / "deploy/staging/users.toml").unlink()
    assert _kinds(workspace, capsys)["users"] == "removed"
    assert workspace.run("apply", "--env", "staging") == 0
    assert "-l app.kubernetes.io/name=users" in capsys.readouterr().out
    assert not {"staging/users.json", "staging/manifests/users.yaml"} & workspace.files().keys()


def test_promotion_moves_the_digest_without_a_build(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Promotion deploys the digest of staging from prod's registry with prod's configuration."""
    assert _kinds(workspace, capsys, "prod") == {"products": "waiting", "users": "waiting"}
    workspace.run("apply", "--env", "staging", "--commit")
    staged = workspace.digest("staging", "users")
    workspace.build("too late")
    workspace.images.unlink()
    assert workspace.run("promote", "--from", "staging", "--to", "prod") == 0
    assert workspace.digest("prod", "users") == staged
    manifest = workspace.read("deploy/prod/manifests/users.yaml")
    assert f"{workspace.registry}/prod/users@{staged}" in manifest
    assert "namespace: prod" in manifest
    assert Crane.from_environment().digest(f"{workspace.registry}/prod/users@{staged}") == staged


def test_prod_takes_nothing_from_the_build(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """An apply there changes configuration alone, and its plan says what waits to be promoted."""
    workspace.run("apply", "--env", "staging", "--commit")
    workspace.run("promote", "--from", "staging", "--to", "prod", "--commit")
    promoted = workspace.digest("prod", "users")
    workspace.build("second")
    workspace.run("apply", "--env", "staging")
    assert workspace.run("apply", "--env", "prod") == 0
    assert workspace.digest("prod", "users") == promoted
    workspace.run("plan", "--env", "prod")
    assert "bazel run //deploy:promote -- --from staging --to prod" in capsys.readouterr().out


def test_a_revert_brings_the_old_digest_back(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """With the deploy commit reverted, manifests and record are the old ones, and the registry still has the image."""
    workspace.run("apply", "--env", "staging", "--commit")
    first, files = workspace.digest("staging", "users"), workspace.files()
    workspace.build("second")
    workspace.run("apply", "--env", "staging", "--commit")
    assert workspace.digest("staging", "users") != first
    assert Crane.from_environment().digest(f"{workspace.registry}/users:deployed-{first[7:19]}") == first
    workspace.git("revert", "--no-edit", "HEAD")
    assert workspace.files() == files
    capsys.readouterr()
    assert workspace.run("apply", "--env", "staging", "--configuration-only") == 0
    assert capsys.readouterr().out.endswith("nothing to do\n")
    assert workspace.files() == files


def test_record_of_an_image_that_the_registry_lost(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Manifests never name what cannot be pulled: one sentence says how to get it back."""
    workspace.run("apply", "--env", "staging")
    record, lost = workspace.read("deploy/staging/users.json"), "sha256:" + "0" * 64
    workspace.write("deploy/staging/users.json", record.replace(workspace.digest("staging", "users"), lost))
    files = workspace.files()
    assert workspace.run("apply", "--env", "staging", "--configuration-only") == 1
    assert f"the registry has no {workspace.registry}/users@{lost}: build it again" in capsys.readouterr().err
    assert workspace.files() == files


def test_built_again_from_the_old_source_it_is_the_old_digest(workspace: DeployWorkspace) -> None:
    """Images follow from the source, so an apply on the old source is a deployment of the old image."""
    workspace.run("apply", "--env", "staging")
    first = workspace.files()["staging/manifests/users.yaml"]
    workspace.build("second")
    workspace.run("apply", "--env", "staging")
    workspace.build("first")
    workspace.run("apply", "--env", "staging")
    assert workspace.files()["staging/manifests/users.yaml"] == first


def test_commit_holds_what_was_written_and_nothing_else(workspace: DeployWorkspace) -> None:
    """The tree is clean afterwards, and the record names the commit that the image was built from."""
    revision = workspace.git("rev-parse", "HEAD")
    assert workspace.run("apply", "--env", "staging", "--commit") == 0
    assert workspace.git("status", "--porcelain") == ""
    changed = workspace.git("show", "--name-only", "--format=", "HEAD").splitlines()
    assert [name.removeprefix("deploy/staging/") for name in changed] == [
        "manifests/00-namespace.yaml",
        "manifests/products.yaml",
        "manifests/users.yaml",
        "products.json",
        "users.json",
    ]
    record = json.loads(workspace.read("deploy/staging/users.json"))
    assert (record["revision"], record["is_committed"], record["time"]) == (revision, True, "2026-11-22T18:00:00Z")
