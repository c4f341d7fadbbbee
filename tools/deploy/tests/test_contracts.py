"""The contracts of deployed services are recorded, compared and promoted."""

import json
from pathlib import Path

import pytest

from tools.deploy.testing import DeployWorkspace

_PATHS = {"/a": {"get": {"operationId": "a", "responses": {}}}}
_STAGING, _PROD = ("--env", "staging"), ("--from", "staging", "--to", "prod")


def _contract(paths: object, version: str = "1.0.0") -> str:
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Users", "version": version}, "paths": paths})


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return a repository whose service `users` has a contract; nothing is pushed, and nothing is deployed."""
    monkeypatch.setattr("tools.deploy.environment_session.push_built", lambda *_: None)
    monkeypatch.setattr("tools.deploy.environment_session.copy_between", lambda *_, **__: None)
    made = DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch)
    made.write("services/users/openapi.json", _contract(_PATHS))
    made.write("../consumers.json", json.dumps({"users": ["products", "billing"]}))
    made.commit()
    return made


def _deploy(workspace: DeployWorkspace, *flags: str) -> int:
    return workspace.run("apply", *_STAGING, f"--consumers={workspace.root.parent}/consumers.json", *flags)


def _change(workspace: DeployWorkspace, text: str) -> None:
    """Change the contract and the image of `users`."""
    workspace.write("services/users/openapi.json", text)
    workspace.build("second", "users")
    workspace.commit()


def test_apply_records_the_contract(workspace: DeployWorkspace) -> None:
    """The record holds its digest, and a service without a contract has none."""
    assert _deploy(workspace) == 0
    assert workspace.read("deploy/staging/users.openapi.json") == _contract(_PATHS)
    assert json.loads(workspace.read("deploy/staging/users.json"))["contract"].startswith("sha256:")
    assert "contract" not in json.loads(workspace.read("deploy/staging/products.json"))


def test_apply_commits_the_contract(workspace: DeployWorkspace) -> None:
    """The contract is part of the commit of the deployment."""
    assert _deploy(workspace, "--commit") == 0
    assert workspace.git("status", "--porcelain") == ""
    assert "deploy/staging/users.openapi.json" in workspace.git("show", "--name-only", "--format=").splitlines()


def test_promote_brings_the_contract(workspace: DeployWorkspace) -> None:
    """A promotion copies the contract of the promoted image, not the contract in the working tree."""
    assert _deploy(workspace) == 0
    _change(workspace, _contract({}))
    assert workspace.run("promote", *_PROD) == 0
    assert workspace.read("deploy/prod/users.openapi.json") == _contract(_PATHS)


def test_a_plan_says_that_no_contract_is_recorded(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """An apply then records the contract, although image and manifests are unchanged."""
    assert _deploy(workspace) == 0
    record = json.loads(workspace.read("deploy/staging/users.json"))
    del record["contract"]
    workspace.write("deploy/staging/users.json", json.dumps(record))
    capsys.readouterr()
    assert workspace.run("plan", *_STAGING) == 0
    assert "users: no contract recorded in staging\n" in capsys.readouterr().out
    assert _deploy(workspace) == 0
    assert "contract" in json.loads(workspace.read("deploy/staging/users.json"))


def test_a_plan_names_the_consumers_that_break(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan names the deployed consumers in the environment and in the one that images are promoted to."""
    consumers = f"--consumers={workspace.root.parent}/consumers.json"
    assert _deploy(workspace) == 0
    assert workspace.run("promote", *_PROD, consumers) == 0
    _change(workspace, _contract({}))
    capsys.readouterr()
    assert workspace.run("plan", *_STAGING, consumers) == 0
    assert (
        "users breaks products in staging (api-path-removed-without-deprecation), not declared: "
        'raise info.version to 2.0.0 and add "2.0.0" = "<reason>" to contract_changes.toml\n'
    ) in capsys.readouterr().out
    assert _deploy(workspace, "--allow-break") == 0
    capsys.readouterr()
    assert workspace.run("plan", "--env", "prod", consumers) == 0
    assert "users breaks products in prod (api-path-removed" in capsys.readouterr().out
    assert workspace.run("promote", *_PROD, consumers) == 1
    assert "error: users breaks products in prod (api-path-removed" in capsys.readouterr().err


def test_an_undeclared_break_is_not_deployed(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written, and the error says what to do."""
    assert _deploy(workspace) == 0
    before = workspace.files()
    _change(workspace, _contract({}))
    capsys.readouterr()
    assert workspace.run("apply", *_STAGING) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: users breaks clients outside of this repository in staging (")
    assert said.endswith("or keep the old form too; --allow-break deploys it nevertheless\n")
    assert workspace.files() == before


def test_a_declared_break_is_deployed(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """The plan gives the reason."""
    assert _deploy(workspace) == 0
    workspace.write("services/users/contract_changes.toml", '"2.0.0" = "Nothing calls it."\n')
    _change(workspace, _contract({}, "2.0.0"))
    capsys.readouterr()
    assert workspace.run("plan", *_STAGING) == 0
    assert "declared: 2.0.0: Nothing calls it.\n" in capsys.readouterr().out
    assert _deploy(workspace) == 0
    assert workspace.read("deploy/staging/users.openapi.json") == _contract({}, "2.0.0")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "deploy/staging/users.openapi.json: is not the contract of the record; restore both from git"),
        (None, "deploy/staging/users.openapi.json: there is no such file, and the record names it"),
    ],
    ids=["edited", "gone"],
)
def test_a_contract_that_is_not_the_recorded_one_is_refused(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], text: str | None, sentence: str
) -> None:
    """The digest in the record reveals an edited or missing contract."""
    assert _deploy(workspace) == 0
    workspace.write("deploy/staging/users.openapi.json", text or "")
    if text is None:
        (workspace.root / "deploy/staging/users.openapi.json").unlink()
    _change(workspace, _contract({}))
    capsys.readouterr()
    assert workspace.run("plan", *_STAGING) == 1
    assert capsys.readouterr().err == f"error: {sentence}\n"


def test_what_is_no_contract_is_one_sentence(workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    """A contract of another version of OpenAPI is not compared."""
    assert _deploy(workspace) == 0
    _change(workspace, '{"openapi": "3.0.3"}')
    assert workspace.run("plan", *_STAGING) == 1
    assert capsys.readouterr().err == (
        "error: the new contract of users: is OpenAPI 3.0.3; only OpenAPI 3.1 is compared\n"
    )


def test_the_contract_of_a_removed_service_is_removed(workspace: DeployWorkspace) -> None:
    """The contract is removed together with the record."""
    assert _deploy(workspace) == 0
    (workspace.root / "deploy/staging/users.toml").unlink()
    assert _deploy(workspace) == 0
    assert "staging/users.openapi.json" not in workspace.files()
