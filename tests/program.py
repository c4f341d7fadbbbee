"""A shipped service as a process: started from its binary in the runfiles, killed, started again on the same files."""

import copy
import http.client
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from libs.auth.scope_files import declared_scopes

_ROOT = Path(__file__).absolute().parents[1]
ISSUER = "https://users.example.com"

# A busy machine may take long to start a process; nothing here measures that.
_START_SECONDS = 60
_STOP_SECONDS = 60
# Below the kernel's range for clients, so that no client is given the port while the service is down.
_PORTS = range(20_000, 32_000)


class Program:
    """One service: its settings, files and port, and its process while it runs."""

    def __init__(self, name: str, folder: Path, **settings: str) -> None:
        """Keep its files in `folder` / `name`; `settings` are named without the service's prefix."""
        self.name = name
        self.folder = folder / name
        self.log = folder / f"{name}.log"
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        values = {"DATA_DIR": str(self.folder), "ISSUER": ISSUER, "PORT": str(self.port), "DRAIN_SECONDS": "0"}
        if name == "user_service":
            values["GRANTED_SCOPES"] = ",".join(declared_scopes(_ROOT / "services"))
        self._settings = {f"{name.upper()}_{key}": value for key, value in (values | settings).items()}
        self.command: Sequence[str] = (self.binary,)

    def by(self, *command: str) -> "Program":
        """Return the same service, with its settings, files and port, started by another command."""
        other = copy.copy(self)
        other.command = command
        return other

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def binary(self) -> str:
        """The path of the shipped program."""
        return str(_ROOT / "services" / self.name / self.name)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its process."""
        return os.environ | self._settings

    def run(self, *arguments: str) -> str:
        """Run another of its commands and return what it printed."""
        command = [*self.command, *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *, through: Sequence[str] = ()) -> None:
        """Start it, with the command prefix `through` if given, and wait until it answers."""
        self.launch(through=through)
        assert self.process is not None
        end = time.monotonic() + _START_SECONDS
        while not _answers(self.port):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)

    def launch(self, *, through: Sequence[str] = ()) -> None:
        """Start it without waiting."""
        with self.log.open("ab") as log:
            command = [*through, *self.command]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it with SIGKILL, as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Send SIGTERM, unless it has ended, and return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_SECONDS)

    def said(self) -> str:
        """Return all its output, which is its log."""
        return self.log.read_text() if self.log.exists() else ""

    @contextmanager
    def running(self, *, through: Sequence[str] = ()) -> Iterator[None]:
        """Run it until the context ends; then it must stop with exit code 0."""
        self.start(through=through)
        try:
            yield
        finally:
            status = self.stop()
        assert status == 0, self.said()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    for port in random.sample(_PORTS, 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("100 ports tried, all taken")
