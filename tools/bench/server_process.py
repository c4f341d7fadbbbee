"""Start a server to measure in a separate process, pinned to a separate core if there are two."""

import contextlib
import functools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A running server and its address."""

    pid: int
    address: tuple[str, int]

    def cpu_seconds(self) -> float:
        """Return the processor time of all threads so far, in user and kernel mode.

        It depends less on other load on the machine than requests per second do.
        """
        # The clock of another process: the complement of its pid, then CPUCLOCK_SCHED (glibc's clock_getcpuclockid).
        return time.clock_gettime((~self.pid << 3) | 2)

    def resident_megabytes(self) -> float:
        """Return the resident memory in megabytes (10^6 bytes)."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class ServerNotReadyError(Exception):
    """A server exited, or was not ready in time."""

    def __init__(self, command: Sequence[str], reason: str) -> None:
        super().__init__(f"`{' '.join(command)}` {reason}")


@contextlib.contextmanager
def module_server(module: str, arguments: Sequence[str]) -> Iterator[ServerProcess]:
    """Run `module`, which prints its port as its first line, and kill it afterwards.

    Raises:
        ServerNotReadyError: The first line is no port.
    """
    command, settings = module_command(module, *arguments)
    with subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.strip().isdecimal():
                raise ServerNotReadyError(command, f"printed {line!r}; its first line must be its port")
            _pin(process.pid, core=0)
            yield ServerProcess(process.pid, ("127.0.0.1", int(line)))
        finally:
            process.kill()


@contextlib.contextmanager
def program_server(
    command: Sequence[str], settings: Mapping[str, str], *, port: int, is_ready: Callable[[], bool]
) -> Iterator[ServerProcess]:
    """Run a program that listens on `port`, and kill it afterwards.

    Raises:
        ServerNotReadyError: The program exited, or `is_ready` was not true within a minute.
    """
    discard = subprocess.DEVNULL
    with subprocess.Popen(command, env=os.environ | settings, stdout=discard, stderr=discard) as process:
        try:
            _pin(process.pid, core=0)
            _wait_until_ready(is_ready, process, command)
            yield ServerProcess(process.pid, ("127.0.0.1", port))
        finally:
            process.kill()


def module_command(module: str, *arguments: str) -> tuple[Sequence[str], Mapping[str, str]]:
    """Return the command that runs a module on the import path of this program, and the environment for it."""
    return [sys.executable, "-m", module, *arguments], {"PYTHONPATH": os.pathsep.join(sys.path)}


def free_port() -> int:
    """Return a port of 127.0.0.1 that no process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def pin_client() -> None:
    """Keep this process, and the processes that it starts, off the core of the servers."""
    _pin(0, core=1)


def _wait_until_ready(is_ready: Callable[[], bool], process: "subprocess.Popen[bytes]", command: Sequence[str]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not is_ready():
        if process.poll() is not None:
            raise ServerNotReadyError(command, f"exited with status {process.returncode}")
        if time.monotonic() > deadline:
            raise ServerNotReadyError(command, f"was not ready within {_START_SECONDS} seconds")
        time.sleep(0.1)


def _pin(pid: int, *, core: int) -> None:
    cores = _cores()
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[core]})


@functools.cache
def _cores() -> Sequence[int]:
    """Return the cores that this process may use, as they were before it pinned anything."""
    return sorted(os.sched_getaffinity(0))
