"""Connections between services: both sides name them, and the called service is configured."""

from pathlib import Path

import pytest

from tools.deploy.testing import DeployWorkspace
from tools.deploy.tests.refusals import refusal

_STAGING = ("--env", "staging")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployWorkspace:
    """Return two environments with the services `users` and `products`, which name no connections."""
    return DeployWorkspace.create(tmp_path / "tree", "localhost:9", monkeypatch)


@pytest.mark.parametrize(
    ("name", "hint"), [("user", "did you mean users?"), ("orders_and_more", "staging has products, users")]
)
def test_call_of_no_service(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], name: str, hint: str
) -> None:
    """A call of a service that is not configured is refused."""
    _connect(workspace, "products", f'to_services = ["{name}"]')
    assert refusal(workspace, capsys, "plan", *_STAGING) == (
        f"deploy/staging/products.toml: network.to_services names {name}, but there is no "
        f"deploy/staging/{name}.toml; {hint}"
    )


def test_caller_that_is_not_here(workspace: DeployWorkspace) -> None:
    """A caller may be missing, so that it can be added and removed alone."""
    _connect(workspace, "products", 'from_services = ["orders"]')
    assert workspace.run("plan", *_STAGING) == 0


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(("key", "other"), [("to_services", "from_services"), ("from_services", "to_services")])
def test_connection_that_only_one_side_names(
    workspace: DeployWorkspace, capsys: pytest.CaptureFixture[str], command: str, key: str, other: str
) -> None:
    """A connection that one side does not name is refused: its packets would be dropped."""
    _connect(workspace, "products", f'{key} = ["users"]')
    assert refusal(workspace, capsys, command, *_STAGING) == (
        f"deploy/staging/products.toml: network.{key} names users, but network.{other} in "
        "deploy/staging/users.toml does not name products"
    )
    _connect(workspace, "users", f'{other} = ["products"]')
    assert workspace.run("plan", *_STAGING) == 0


def test_connection_that_the_whole_namespace_may_make(workspace: DeployWorkspace) -> None:
    """A service that admits the whole namespace need not name its callers."""
    _connect(workspace, "products", 'to_services = ["users"]')
    _connect(workspace, "users", 'from_namespaces = ["staging"]')
    assert workspace.run("plan", *_STAGING) == 0


def _connect(workspace: DeployWorkspace, service: str, line: str) -> None:
    """Replace the configuration of a service by one line of [network]."""
    workspace.write(f"deploy/staging/{service}.toml", f"database = false\n[network]\n{line}\n")
