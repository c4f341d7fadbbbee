"""A server under measurement: a process of its own, on a core of its own where there are two."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Contestant:
    """A process that serves."""

    name: str
    pid: int
    address: tuple[str, int]

    def cpu_seconds(self) -> float:
        """Processor time used so far, user and system; a busy machine disturbs it less than a rate."""
        # The main thread's time on a processor, in nanoseconds (proc_pid_schedstat, Linux).
        return int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


@contextlib.contextmanager
def contestant(name: str, module: str, arguments: Sequence[str]) -> Iterator[Contestant]:
    """Start `module`, whose first line of output must be its port, and end it afterwards."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline()) if process.stdout else 0
            _pin(process.pid, core=0)
            yield Contestant(name, process.pid, ("127.0.0.1", port))
        finally:
            process.kill()


def pin_client() -> None:
    """Keep this process off the contestants' core."""
    _pin(0, core=1)


def _pin(pid: int, *, core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[core]})
