"""A server under measurement: a process of its own, on a core of its own where there are two."""

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
class Contestant:
    """A process that serves."""

    name: str
    pid: int
    address: tuple[str, int]

    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far, in user and kernel; a busy machine disturbs it less than a rate."""
        # The clock of another process: its number's complement, then CPUCLOCK_SCHED (clock_getcpuclockid of glibc).
        return time.clock_gettime((~self.pid << 3) | 2)

    def resident_megabytes(self) -> float:
        """Memory that it holds, in millions of bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class NotReady(Exception):
    """A contestant ended, or did not answer in time."""


@contextlib.contextmanager
def contestant(name: str, name_of_module: str, arguments: Sequence[str]) -> Iterator[Contestant]:
    """Start `name_of_module`, whose first line of output must be its port, and end it afterwards."""
    command, settings = module(name_of_module, *arguments)
    with subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline()) if process.stdout else 0
            _pin(process.pid, core=0)
            yield Contestant(name, process.pid, ("127.0.0.1", port))
        finally:
            process.kill()


@contextlib.contextmanager
def service(
    name: str, command: Sequence[str], settings: Mapping[str, str], *, port: int, is_ready: Callable[[], bool]
) -> Iterator[Contestant]:
    """Start a service's own program, which listens on `port`, and end it afterwards.

    Raises:
        NotReady: it ended, or `is_ready` did not come true.
    """
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, env=os.environ | settings, stdout=nowhere, stderr=nowhere) as process:
        try:
            _pin(process.pid, core=0)
            _await(is_ready, process)
            yield Contestant(name, process.pid, ("127.0.0.1", port))
        finally:
            process.kill()


def module(name: str, *arguments: str) -> tuple[Sequence[str], Mapping[str, str]]:
    """The command that runs a module which we could import, and the environment that it needs."""
    return [sys.executable, "-m", name, *arguments], {"PYTHONPATH": os.pathsep.join(sys.path)}


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def pin_client() -> None:
    """Keep this process, and what it starts that is no contestant, off the contestants' core."""
    _pin(0, core=1)


def _await(is_ready: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotReady(process.args)
        time.sleep(0.1)


def _pin(pid: int, *, core: int) -> None:
    cores = _cores()
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[core]})


@functools.cache
def _cores() -> Sequence[int]:
    """The cores that were ours before we pinned anything."""
    return sorted(os.sched_getaffinity(0))
