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
# Below what the kernel gives to clients, or one of them may sit on the port while the service is down.
_PORTS = range(20_000, 32_000)


class Program:
    """One service: its settings, its files, its port, and the process while there is one."""

    def __init__(self, name: str, folder: Path, **settings: str) -> None:
        """Files lie in `folder`, in one of the service's name; `settings` are named without the service's prefix."""
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
        """The same service, with its settings, files and port, as another command starts it."""
        other = copy.copy(self)
        other.command = command
        return other

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def binary(self) -> str:
        """The shipped program."""
        return str(_ROOT / "services" / self.name / self.name)

    @property
    def environment(self) -> dict[str, str]:
        """What it is told."""
        return os.environ | self._settings

    def run(self, *arguments: str) -> str:
        """Run another of its commands to its end; what it printed."""
        command = [*self.command, *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *, through: Sequence[str] = ()) -> None:
        """Start it, by way of another command if need be, and wait until it answers."""
        self.launch(through=through)
        assert self.process is not None
        end = time.monotonic() + _START_SECONDS
        while not _answers(self.port):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.02)

    def launch(self, *, through: Sequence[str] = ()) -> None:
        """Start it and wait for nothing."""
        with self.log.open("ab") as log:
            command = [*through, *self.command]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a power cut would: without a chance to say anything."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop, unless it has ended; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_SECONDS)

    def said(self) -> str:
        """All that it has written, which is its log."""
        return self.log.read_text() if self.log.exists() else ""

    @contextmanager
    def running(self, *, through: Sequence[str] = ()) -> Iterator[None]:
        """Let it run; a stop at the end must be a success."""
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
