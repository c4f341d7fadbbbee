"""Start Debian's docker-registry and wait until it answers."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 60.0

Settings = Mapping[str, object]
"""A part of the registry's settings."""


class RegistryDidNotStartError(Exception):
    """The registry exited, or did not answer in time."""

    def __init__(self, address: str, log: str) -> None:
        last = log.strip().splitlines()[-1:] or ["it said nothing"]
        super().__init__(f"the registry on {address} did not start: {last[0]}")
        self.address = address


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A running registry."""

    address: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"http://{self.address}/v2"

    def requests(self, method: str) -> list[str]:
        """Return the requested paths of a method, from the access log."""
        return [
            line.split('"')[1].split(" ")[1] for line in self.log.read_text().splitlines() if f'"{method} /' in line
        ]


@contextmanager
def running_registry(
    binary: Path, *, folder: Path, port: int, auth: Settings | None = None, tls: Settings | None = None
) -> Iterator[Registry]:
    """Run a registry on loopback; its blobs, settings and log are in a folder.

    Args:
        binary: Debian's docker-registry.
        folder: where its files are.
        port: port of loopback to listen on.
        auth: the part `auth` of its settings; without it every client may do everything.
        tls: the part `http.tls` of its settings; without it the registry serves plain HTTP.

    Raises:
        RegistryDidNotStartError: it ended, or did not answer in time.
    """
    address = f"localhost:{port}"
    _refuse_taken(address, port)
    settings = folder / "registry.json"
    document = _settings(folder / "blobs", port=port, tls=tls or {})
    settings.write_text(json.dumps(document | ({"auth": auth} if auth else {})))
    log = folder / "registry.log"
    with log.open("wb") as output:
        process = subprocess.Popen([binary, "serve", settings], stdout=output, stderr=subprocess.STDOUT)
    registry = Registry(address=address, log=log, process=process)
    try:
        _wait(registry)
        yield registry
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _refuse_taken(address: str, port: int) -> None:
    """Check that the port is free, because another process on it would answer instead of the registry."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RegistryDidNotStartError(address, str(error)) from error


def _settings(blobs: Path, *, port: int, tls: Settings) -> dict[str, object]:
    """Return the settings; they are written as JSON, which the registry accepts because it is valid YAML."""
    return {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": False}},
        "storage": {"filesystem": {"rootdirectory": str(blobs)}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"} | ({"tls": tls} if tls else {}),
    }


def htpasswd(folder: Path, passwords: str) -> Settings:
    """Return the settings `auth` for the lines of an htpasswd file (bcrypt)."""
    path = folder / "htpasswd"
    path.write_text(passwords)
    return {"htpasswd": {"realm": "registry", "path": str(path)}}


def _wait(registry: Registry) -> None:
    host, _, port = registry.address.partition(":")
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and registry.process.poll() is None:
        try:
            with socket.create_connection((host, int(port)), timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise RegistryDidNotStartError(registry.address, registry.log.read_text())
