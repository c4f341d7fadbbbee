"""The registry for trying things out."""

import os
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tools.oci.registry.server import RegistryDidNotStartError, free_port, running_registry


@pytest.fixture
def binary() -> Path:
    """Debian's docker-registry."""
    return Path(os.environ["DOCKER_REGISTRY"]).absolute()


def test_registry_answers_and_logs_requests(binary: Path, tmp_path: Path) -> None:
    """It serves the distribution API on loopback, and its requests can be read."""
    with running_registry(binary, folder=tmp_path, port=free_port()) as registry:
        with urllib.request.urlopen(f"{registry.url}/_catalog") as answer:
            assert answer.read() == b'{"repositories":[]}\n'
        assert "/v2/_catalog" in registry.requests("GET")
    assert registry.process.poll() is not None


def test_taken_port_is_said(binary: Path, tmp_path: Path) -> None:
    """A second registry on the same port fails with an error instead of waiting."""
    (tmp_path / "other").mkdir()
    with running_registry(binary, folder=tmp_path, port=free_port()) as first:
        port = int(first.address.rpartition(":")[2])
        with (
            pytest.raises(RegistryDidNotStartError, match="Address already in use"),
            running_registry(binary, folder=tmp_path / "other", port=port),
        ):
            pass


def test_slow_registry_is_waited_for(binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that accepts a connection and does not answer at once gets the request again."""
    ask, asked = socket.create_connection, []

    def hesitating(address: tuple[str, int], timeout: float) -> object:
        asked.append(address)
        if len(asked) == 1:
            raise TimeoutError
        return ask(address, timeout=timeout)

    monkeypatch.setattr("tools.oci.registry.server.socket.create_connection", hesitating)
    with running_registry(binary, folder=tmp_path, port=free_port()):
        assert len(asked) > 1


def test_command_ends_on_ctrl_c(tmp_path: Path) -> None:
    """Ctrl-C stops the registry and leaves the folder that was named."""
    command = [os.environ["REGISTRY"], "--port", str(free_port()), "--data", str(tmp_path / "images")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("registry on localhost:")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert (tmp_path / "images").is_dir()
