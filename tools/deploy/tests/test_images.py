"""Checks of an image: its user, which is not root, and the age of its packages."""

import json
from pathlib import Path

import pytest

from tools.deploy.testing import DeployWorkspace

_STAGING = ("--env", "staging")
_PROMOTE = ("promote", "--from", "staging", "--to", "prod")
_RECORD, _MANIFEST = "deploy/staging/users.json", "deploy/staging/manifests/users.yaml"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return two environments where every push is accepted."""
    monkeypatch.setattr("tools.deploy.environment_session.push_built", lambda *_: None)
    monkeypatch.setattr("tools.deploy.environment_session.copy_between", lambda *_, **__: None)
    return DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch)


def test_user_of_the_image_is_in_its_manifests_and_record(workspace: DeployWorkspace) -> None:
    """The user of the image is rendered, recorded and promoted."""
    workspace.build("other", "users", user="10001:10002")
    assert workspace.run("apply", *_STAGING, "--commit") == 0
    assert json.loads(workspace.read(_RECORD))["user"] == "10001:10002"
    assert workspace.run(*_PROMOTE) == 0
    for manifest in (_MANIFEST, _MANIFEST.replace("staging", "prod")):
        assert "runAsUser: 10001\n        runAsGroup: 10002\n        fsGroup: 10002\n" in workspace.read(manifest)
    assert "runAsUser: 65532\n" in workspace.read(_MANIFEST.replace("users", "products"))


def test_record_without_a_user_is_of_an_image_of_the_default_user(workspace: DeployWorkspace) -> None:
    """Records that were written before images could have another user stay as they are."""
    assert workspace.run("apply", *_STAGING, "--commit") == 0
    record = json.loads(workspace.read(_RECORD))
    del record["user"]
    workspace.write(_RECORD, json.dumps(record))
    workspace.commit()
    assert workspace.run("plan", *_STAGING) == 0


@pytest.mark.parametrize("user", ["", "nonroot", "0:0", "65532"])
def test_image_without_a_numeric_user_is_refused(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], user: str
) -> None:
    """Kubernetes would refuse to start it, so it is not deployed."""
    workspace.build("other", "users", user=user)
    capsys.readouterr()
    assert workspace.run("plan", *_STAGING) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: the image of users runs as {user or 'root'!r}; ")
    assert 'user = "uid:gid"' in line


def test_outdated_base_is_not_deployed(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """An apply of images with older packages than the lock changes nothing, unless the flag allows it."""
    package = {"architecture": "amd64", "package": "libssl3", "wanted": "3.0.20-1", "used": "3.0.17-1"}
    package |= {"update": "//tools/oci/base:update"}
    (workspace.root.parent / "base.json").write_text(json.dumps({"outdated": [package]}))
    files = workspace.files()
    assert workspace.run("apply", *_STAGING) == 1
    assert workspace.files() == files
    assert "libssl3" in capsys.readouterr().err
    assert workspace.run("apply", *_STAGING, "--allow-outdated-base") == 0
    assert capsys.readouterr().err.startswith("warning: the base image is outdated")
