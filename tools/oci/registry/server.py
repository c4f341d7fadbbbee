"""Start Debian's docker-registry and wait until it answers."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 60.0


class RegistryDidNotStartError(Exception):
    """The registry ended, or did not answer in time."""

    def __init__(self, address: str, log: str) -> None:
        last = log.strip().splitlines()[-1:] or ["it said nothing"]
        super().__init__(f"the registry on {address} did not start: {last[0]}")
        self.address = address


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry that runs."""

    address: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"http://{self.address}/v2"

    def requests(self, method: str) -> list[str]:
        """The paths that were asked for with a method, from its access log."""
        return [
            line.split('"')[1].split(" ")[1] for line in self.log.read_text().splitlines() if f'"{method} /' in line
        ]


@contextmanager
def running_registry(binary: Path, *, folder: Path, port: int, passwords: str = "") -> Iterator[Registry]:
    """Run a registry on loopback that keeps its blobs, settings and log in a folder.

    `passwords` are lines of an htpasswd file (bcrypt); without any, everybody may do everything.

    Raises RegistryDidNotStartError.
    """
    address = f"localhost:{port}"
    _refuse_taken(address, port)
    settings = folder / "registry.json"
    settings.write_text(json.dumps(_settings(folder / "blobs", port=port) | _access(folder, passwords)))
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
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _refuse_taken(address: str, port: int) -> None:
    """Ask before: whoever has the port would answer in the registry's place."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise RegistryDidNotStartError(address, str(error)) from error


def _settings(blobs: Path, *, port: int) -> dict[str, object]:
    """The registry reads YAML, of which JSON is a part."""
    return {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": False}},
        "storage": {"filesystem": {"rootdirectory": str(blobs)}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }


def _access(folder: Path, passwords: str) -> dict[str, object]:
    if not passwords:
        return {}
    path = folder / "htpasswd"
    path.write_text(passwords)
    return {"auth": {"htpasswd": {"realm": "registry", "path": str(path)}}}


def _wait(registry: Registry) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and registry.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{registry.url}/", timeout=1):  # noqa: S310 - our own
                return
        except urllib.error.HTTPError:
            # It wants a password, so it is there.
            return
        except OSError:
            time.sleep(0.05)
    raise RegistryDidNotStartError(registry.address, registry.log.read_text())
