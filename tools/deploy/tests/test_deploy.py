"""From an empty environment to a promotion and back, with a real registry."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tools.deploy.scene import MOMENT, Scene
from tools.oci.push.crane import Crane
from tools.oci.registry.server import Registry, free_port, running_registry

_LATER = MOMENT + timedelta(hours=1)
_WRITES = ("POST", "PATCH", "PUT")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A real registry on loopback."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(Path(os.environ["DOCKER_REGISTRY"]), folder=folder, port=free_port()) as registry:
        yield registry


@pytest.fixture
def scene(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Two environments where nothing is deployed, on repositories of their own."""
    name = "".join(letter for letter in tmp_path.name if letter.isalnum())
    return Scene.make(tmp_path / "tree", f"{registry.address}/{name}", monkeypatch)


def _sent(registry: Registry) -> int:
    return sum(len(registry.requests(method)) for method in _WRITES)


def _kinds(scene: Scene, capsys: pytest.CaptureFixture[str], environment: str = "staging") -> dict[str, str]:
    capsys.readouterr()
    assert scene.run("plan", "--env", environment, "--format", "json") == 0
    return {entry["service"]: entry["change"] for entry in json.loads(capsys.readouterr().out)["services"]}


def test_everything_is_new_then_nothing_is_to_do(
    scene: Scene, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """An apply brings all that the plan says, and a second one sends nothing and writes nothing."""
    assert _kinds(scene, capsys) == {"products": "new", "users": "new"}
    assert scene.run("apply", "--env", "staging") == 0
    assert _kinds(scene, capsys) == {"products": "unchanged", "users": "unchanged"}
    files, sent = scene.files(), _sent(registry)
    assert scene.run("apply", "--env", "staging", now=_LATER) == 0
    assert capsys.readouterr().out.endswith("nothing to do\n")
    assert (scene.files(), _sent(registry)) == (files, sent)


def test_digest_is_built_recorded_rendered_and_there(scene: Scene) -> None:
    """The registry has, under the digest of the manifests, exactly what was built."""
    built = scene.build("other")["users"]
    assert scene.run("apply", "--env", "staging") == 0
    assert scene.digest("staging", "users") == built.digest
    reference = f"{scene.registry}/users@{built.digest}"
    assert f"image: {reference}\n" in scene.read("deploy/staging/manifests/users.yaml")
    assert Crane.from_environment().manifest(reference) == built.read(built.digest)


def test_only_what_differs_is_pushed_and_rendered(
    scene: Scene, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another image of one service leaves every file of the other as it was, and its repository untouched."""
    scene.run("apply", "--env", "staging")
    before, asked = scene.files(), len(registry.requests("PUT"))
    scene.build("second", "users")
    assert _kinds(scene, capsys) == {"products": "unchanged", "users": "changed"}
    assert scene.run("apply", "--env", "staging", now=_LATER) == 0
    changed = {name for name, content in scene.files().items() if before[name] != content}
    assert changed == {"staging/users.json", "staging/manifests/users.yaml"}
    assert all("/users/" in path for path in registry.requests("PUT")[asked:])


def test_configuration_alone_deploys_too(scene: Scene, registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    """A setting changes manifests and record, names itself as the reason, and sends no image."""
    scene.run("apply", "--env", "staging")
    digest, sent = scene.digest("staging", "users"), _sent(registry)
    scene.write("deploy/staging/users.toml", scene.read("deploy/staging/users.toml").replace("info", "debug"))
    scene.run("plan", "--env", "staging")
    assert "configuration: Deployment.spec" in capsys.readouterr().out
    assert scene.run("apply", "--env", "staging") == 0
    assert "value: debug" in scene.read("deploy/staging/manifests/users.yaml")
    assert (scene.digest("staging", "users"), _sent(registry)) == (digest, sent)
    assert _kinds(scene, capsys) == {"products": "unchanged", "users": "unchanged"}


def test_a_service_that_is_gone_is_removed(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Without its configuration its manifests and its record go, and the command that clears the cluster is printed."""
    scene.run("apply", "--env", "staging")
    (scene.root / "deploy/staging/users.toml").unlink()
    assert _kinds(scene, capsys)["users"] == "removed"
    assert scene.run("apply", "--env", "staging") == 0
    assert "-l app.kubernetes.io/name=users" in capsys.readouterr().out
    assert not {"staging/users.json", "staging/manifests/users.yaml"} & scene.files().keys()


def test_promotion_moves_the_digest_without_a_build(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """What ran in staging runs in prod, from prod's registry and with prod's configuration, whatever is built now."""
    assert _kinds(scene, capsys, "prod") == {"products": "waiting", "users": "waiting"}
    scene.run("apply", "--env", "staging", "--commit")
    staged = scene.digest("staging", "users")
    scene.build("too late")
    scene.images.unlink()
    assert scene.run("promote", "--from", "staging", "--to", "prod") == 0
    assert scene.digest("prod", "users") == staged
    manifest = scene.read("deploy/prod/manifests/users.yaml")
    assert f"{scene.registry}/prod/users@{staged}" in manifest
    assert "namespace: prod" in manifest
    assert Crane.from_environment().digest(f"{scene.registry}/prod/users@{staged}") == staged


def test_prod_takes_nothing_from_the_build(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """An apply there changes configuration alone, and its plan says what waits to be promoted."""
    scene.run("apply", "--env", "staging", "--commit")
    scene.run("promote", "--from", "staging", "--to", "prod", "--commit")
    promoted = scene.digest("prod", "users")
    scene.build("second")
    scene.run("apply", "--env", "staging")
    assert scene.run("apply", "--env", "prod") == 0
    assert scene.digest("prod", "users") == promoted
    scene.run("plan", "--env", "prod")
    assert "bazel run //deploy:promote -- --from staging --to prod" in capsys.readouterr().out


def test_a_revert_brings_the_old_digest_back(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """With the deploy commit reverted, manifests and record are the old ones, and the registry still has the image."""
    scene.run("apply", "--env", "staging", "--commit")
    first, files = scene.digest("staging", "users"), scene.files()
    scene.build("second")
    scene.run("apply", "--env", "staging", "--commit")
    assert scene.digest("staging", "users") != first
    assert Crane.from_environment().digest(f"{scene.registry}/users:deployed-{first[7:19]}") == first
    scene.git("revert", "--no-edit", "HEAD")
    assert scene.files() == files
    capsys.readouterr()
    assert scene.run("apply", "--env", "staging", "--configuration-only") == 0
    assert capsys.readouterr().out.endswith("nothing to do\n")
    assert scene.files() == files


def test_record_of_an_image_that_the_registry_lost(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Manifests never name what cannot be pulled: one sentence says how to get it back."""
    scene.run("apply", "--env", "staging")
    record, lost = scene.read("deploy/staging/users.json"), "sha256:" + "0" * 64
    scene.write("deploy/staging/users.json", record.replace(scene.digest("staging", "users"), lost))
    files = scene.files()
    assert scene.run("apply", "--env", "staging", "--configuration-only") == 1
    assert f"the registry has no {scene.registry}/users@{lost}: build it again" in capsys.readouterr().err
    assert scene.files() == files


def test_built_again_from_the_old_source_it_is_the_old_digest(scene: Scene) -> None:
    """Images follow from the source, so an apply on the old source is a deployment of the old image."""
    scene.run("apply", "--env", "staging")
    first = scene.files()["staging/manifests/users.yaml"]
    scene.build("second")
    scene.run("apply", "--env", "staging")
    scene.build("first")
    scene.run("apply", "--env", "staging")
    assert scene.files()["staging/manifests/users.yaml"] == first


def test_commit_holds_what_was_written_and_nothing_else(scene: Scene) -> None:
    """The tree is clean afterwards, and the record names the commit that the image was built from."""
    revision = scene.git("rev-parse", "HEAD")
    assert scene.run("apply", "--env", "staging", "--commit") == 0
    assert scene.git("status", "--porcelain") == ""
    changed = scene.git("show", "--name-only", "--format=", "HEAD").splitlines()
    assert [name.removeprefix("deploy/staging/") for name in changed] == [
        "manifests/00-namespace.yaml",
        "manifests/products.yaml",
        "manifests/users.yaml",
        "products.json",
        "users.json",
    ]
    record = json.loads(scene.read("deploy/staging/users.json"))
    assert (record["revision"], record["is_committed"], record["time"]) == (revision, True, "2026-11-22T18:00:00Z")
