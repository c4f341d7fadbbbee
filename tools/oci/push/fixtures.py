"""Fixtures of the tests of pushing: small images, and what a client has logged in to."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.oci.push.crane import Crane
from tools.oci.push.layout import Service
from tools.oci.push.layouts import write_service

pytest_plugins = ["tools.oci.registry.testing"]

LogIn = Callable[[str, str, str], None]
"""Logs in to a registry: address, user, password."""


@pytest.fixture(autouse=True)
def log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogIn:
    """A client without credentials."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    status = tmp_path / "base.json"
    status.write_text('{"outdated": []}')
    monkeypatch.setenv("BASE_STATUS", str(status))

    def log_in(address: str, user: str, password: str) -> None:
        entry = base64.b64encode(f"{user}:{password}".encode()).decode()
        (folder / "config.json").write_text(json.dumps({"auths": {address: {"auth": entry}}}))

    return log_in


@pytest.fixture
def crane() -> Crane:
    """The crane of the graph, which waits for no busy registry."""
    found = Crane.from_environment()
    return Crane(binary=found.binary, query_seconds=10, copy_seconds=20, busy_pauses=(0, 0))


@pytest.fixture
def services(tmp_path: Path) -> list[Service]:
    """Two services that share a layer."""
    shared = b"shared" * 1000
    return [write_service(tmp_path / name, name, shared, name.encode() * 50) for name in ("users", "products")]
