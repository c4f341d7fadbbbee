"""NATS for tests: a real nats-server on loopback, which a test may kill, freeze and start again."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from libs.events.broker.configuration import Tls, User
from libs.events.broker.process import ServerFiles
from libs.events.broker.topology import Topology

_START_SECONDS = 60


class NatsServer:
    """A nats-server with JetStream. It keeps its port and its data from one start to the next.

    Without `users` every client may do everything. With `tls` every client needs TLS.
    """

    def __init__(self, folder: Path, users: Mapping[str, User] | None = None, *, tls: Tls | None = None) -> None:
        """It is not started yet."""
        self._files = ServerFiles(folder)
        self._users = users
        self._tls = tls
        self._port = -1
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the URL of the server, once it was started."""
        return f"{'tls' if self._tls else 'nats'}://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = self._files.prepare(self._users, port=self._port, tls=self._tls)
        log = self._files.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                # libfaketime (//tools/clock:ahead) would change the timers of the server.
                env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + _START_SECONDS
        while (port := self._files.ready_port()) is None:
            if time.monotonic() > end or self._process.poll() is not None:
                self.kill()
                raise TimeoutError(f"nats-server did not start: {log.read_text(encoding='utf-8')}")
            time.sleep(0.01)
        self._port = port

    def stop(self) -> None:
        """Stop the server as an operator does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server without notice to its clients."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the process, whose sockets stay open and do not answer."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            # The threads of a process stop one after the other.
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let the frozen process continue."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def empty(self) -> None:
        """Delete the data of the stopped server: streams, consumers and messages."""
        shutil.rmtree(self._files.store, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_START_SECONDS)
            self._process = None


@contextlib.contextmanager
def nats_server(
    folder: Path, users: Mapping[str, User] | None = None, *, tls: Tls | None = None
) -> Iterator[NatsServer]:
    """Run a nats-server; see `NatsServer`."""
    server = NatsServer(folder, users, tls=tls)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def users_of(topology: Topology) -> dict[str, User]:
    """Return the users of a topology with their permissions; each has its own name as its password."""
    return {name: User(name, name, permissions) for name, permissions in topology.permissions().items()}
