"""Logins to registries reach the tools inside the sealed root."""

import json
from pathlib import Path

import pytest

from tools.airgap import bind_mounts, credentials
from tools.airgap.paths import Paths


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A machine with two helpers on PATH, of which Docker's settings name one, and one more that is not installed."""
    for folder in ("home/.docker", "home/.aws", "home/.azure", "bin", "cache", "ws"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("ecr-login", "acr-env"):
        program = tmp_path / "bin" / f"docker-credential-{name}"
        program.touch()
        program.chmod(0o755)
    config = {"credsStore": "gone", "credHelpers": {"registry.example": "ecr-login"}}
    (tmp_path / "home/.docker/config.json").write_text(json.dumps(config))
    return {"HOME": str(tmp_path / "home"), "PATH": f"{tmp_path}/bin"}


def _seen(tmp_path: Path, env: dict[str, str]) -> set[str]:
    paths = Paths(str(tmp_path / "ws"), str(tmp_path / "cache"))
    return {
        bind.target
        for bind in bind_mounts.host_mounts(paths, str(tmp_path / "ws"), env)
        if bind.source and not bind.writable
    }


def test_named_helper_is_seen_with_what_it_reads(tmp_path: Path, env: dict[str, str]) -> None:
    """A named helper is on PATH, and its settings folder is mounted; helpers that are not named are not visible."""
    seen = _seen(tmp_path, env)
    assert {f"{tmp_path}/bin/docker-credential-ecr-login", f"{tmp_path}/home/.aws"} <= seen
    assert not any("acr-env" in path or ".azure" in path for path in seen)
    assert bind_mounts.environment(env)["PATH"].endswith(f":/sbin:{tmp_path}/bin")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"credsStore": 1, "credHelpers": []}', '{"credsStore": "../x"}'])
def test_unreadable_settings_name_no_helper(tmp_path: Path, env: dict[str, str], text: str) -> None:
    """Invalid settings do not stop a build; the push reports missing credentials."""
    (tmp_path / "home/.docker/config.json").write_text(text)
    assert credentials.helper_names(env) == []
    assert bind_mounts.environment(env)["PATH"].endswith(":/sbin")


def test_podman_login_is_seen(tmp_path: Path, env: dict[str, str]) -> None:
    """REGISTRY_AUTH_FILE names the login, because XDG_RUNTIME_DIR differs inside; a value of the caller is kept."""
    login = tmp_path / "run/containers/auth.json"
    login.parent.mkdir(parents=True)
    login.touch()
    env["XDG_RUNTIME_DIR"] = str(tmp_path / "run")
    assert str(login) in _seen(tmp_path, env)
    assert bind_mounts.environment(env)["REGISTRY_AUTH_FILE"] == str(login)
    assert bind_mounts.environment(env | {"REGISTRY_AUTH_FILE": "/mine"})["REGISTRY_AUTH_FILE"] == "/mine"
