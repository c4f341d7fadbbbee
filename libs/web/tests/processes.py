"""Servers in separate processes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from libs.web.tests.serving import Answer, Client


@dataclass(frozen=True, slots=True)
class Process:
    """A serving process and its address."""

    popen: subprocess.Popen[str]
    address: tuple[str, int]

    def client(self) -> Client:
        """Open a connection to the process."""
        return Client(self.address)

    def ask(self, data: bytes) -> Answer:
        """Send this on a new connection and read one response."""
        client = self.client()
        try:
            return client.ask(data)
        finally:
            client.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send the signal `number`."""
        self.popen.send_signal(number)

    def has_heard(self) -> None:
        """Wait until its log has the line that it is stopping."""
        assert self.popen.stdout is not None
        assert any("stopping" in line for line in self.popen.stdout)

    def refuses(self) -> None:
        """Wait until it refuses connections."""
        with contextlib.suppress(ConnectionRefusedError):
            while True:
                self.client().close()
                time.sleep(0.01)

    def status(self, within: float = 60) -> int:
        """Wait until the process has ended and return its exit status."""
        return self.popen.wait(within)


@contextlib.contextmanager
def draining(*, grace: float = 0.0, finish: int = 300, parting: float = 0.5) -> Iterator[Process]:
    """Start `libs.web.tests.draining`."""
    with _started("draining", [str(grace), str(finish), str(parting)]) as popen:
        port = int(popen.stdout.readline()) if popen.stdout else 0
        yield _when_serving(Process(popen, ("127.0.0.1", port)))


@contextlib.contextmanager
def shipped(*, descriptors: int = 0, **settings: object) -> Iterator[Process]:
    """Start `libs.web.tests.shipped` with settings by their names."""
    address = ("127.0.0.1", _free_port())
    environment = {f"SHIPPED_{name.upper()}": str(value) for name, value in settings.items()}
    with _started("shipped", [str(descriptors)], environment | {"SHIPPED_PORT": str(address[1])}) as popen:
        yield _when_serving(Process(popen, address))


@contextlib.contextmanager
def _started(
    module: str, arguments: list[str], settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", f"libs.web.tests.{module}", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | dict(settings or {})
    # Its log goes where the test's does.
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as popen:
        try:
            yield popen
        finally:
            popen.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _when_serving(started: Process) -> Process:
    request = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    end = time.monotonic() + 60
    while True:
        try:
            assert started.ask(request).status == 200
        except ConnectionRefusedError:
            assert time.monotonic() < end, "the process does not listen"
            assert started.popen.poll() is None, "the process ended"
            time.sleep(0.05)
        else:
            return started
