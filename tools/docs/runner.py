"""Runs documented commands in order, each in a new shell, in one folder."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import IO

from tools.docs.commands import Command

READY = re.compile(rb"(localhost|127\.0\.0\.1):\d+")
"""What a serving command prints once it can be used."""

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""What ends this program early. Their handlers raise KeyboardInterrupt."""

Timed = Generator[tuple[Command, float], None, None]
"""Commands that passed, each with the seconds it took."""

Handler = Callable[[int, FrameType | None], object]
"""A handler of a signal."""


class CommandFailedError(Exception):
    """A documented command did not do what the document promises."""

    def __init__(self, command: Command, reason: str) -> None:
        super().__init__(f"{command}: {reason}")
        self.command = command
        self.reason = reason


def run_all(commands: list[Command], *, folder: Path, patience: float) -> Timed:
    """Run each command in `folder` and yield it with the seconds it took.

    A serving command stays up until the last command of its block has run. Every process that a command started has
    ended when the iterator is exhausted or closed, or raises.

    Raises:
        CommandFailedError: a command had another exit code than 0, or was not ready within `patience` seconds.
    """
    for _, block in groupby(commands, key=lambda command: (command.document, command.block)):
        yield from _run_block(list(block), folder=folder, patience=patience)


def _run_block(commands: list[Command], *, folder: Path, patience: float) -> Timed:
    if not commands:
        return
    first, *others = commands
    started = time.monotonic()
    if first.serves:
        with _serving(first, folder=folder, patience=patience):
            yield first, time.monotonic() - started
            yield from _run_block(others, folder=folder, patience=patience)
        return
    with _running(first, folder=folder, patience=patience) as process:
        exit_code = process.wait()
    if exit_code != 0:
        raise CommandFailedError(first, f"exit code {exit_code}")
    yield first, time.monotonic() - started
    yield from _run_block(others, folder=folder, patience=patience)


@contextmanager
def _serving(command: Command, *, folder: Path, patience: float) -> Iterator[None]:
    # A file, not a pipe: nothing reads after the server is up, and a full pipe would block it.
    with (
        tempfile.NamedTemporaryFile(prefix="serving-") as output,
        _running(command, folder=folder, patience=patience, output=output) as process,
    ):
        _wait_until_ready(process, Path(output.name), command=command, patience=patience)
        yield
        try:
            exit_code = _interrupt(process, patience)
        except subprocess.TimeoutExpired as late:
            raise CommandFailedError(command, f"still running {patience:.0f} s after Ctrl-C") from late
        if exit_code != 0:
            raise CommandFailedError(command, f"exit code {exit_code} after Ctrl-C")


@contextmanager
def _running(
    command: Command, *, folder: Path, patience: float, output: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in a new process group, and end all its processes when the block ends."""
    process = None
    try:
        with _signals_deferred():
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command.text}" if command.serves else command.text],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )
        yield process
    finally:
        if process is not None:
            _end(process, patience)


def _interrupt(process: subprocess.Popen[bytes], patience: float) -> int:
    """Send what Ctrl-C sends, and return the exit code. A server ends the processes that it started itself."""
    _signal_group(process, signal.SIGINT)
    return process.wait(timeout=patience)


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Interrupt a command that is still running, and kill what is left of it after `patience` or another signal."""
    try:
        if process.poll() is None:
            _interrupt(process, patience)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with _signals_deferred():
            left = _descendants(process.pid) if process.poll() is None else []
            _signal_group(process, signal.SIGKILL)
            for each in left:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            process.wait()


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Run the block to its end before a signal is handled, so that the processes in it are known."""
    received: list[tuple[int, FrameType | None]] = []
    # Signals that are ignored stay so, also in the processes that the block starts.
    handlers: dict[int, Handler] = {
        number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))
    }
    for number in handlers:
        signal.signal(number, lambda *call: received.append(call))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for caught, frame in received[:1]:
            handlers[caught](caught, frame)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # PermissionError is how macOS answers for a group whose processes have all ended.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _descendants(ancestor: int) -> list[int]:
    """Return the ids of all processes below one, also those that are in other process groups."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, stdout=subprocess.PIPE, text=True).stdout
    children = defaultdict(list)
    for line in table.splitlines():
        process, parent = map(int, line.split())
        children[parent].append(process)
    found = [ancestor]
    for each in found:
        found += children[each]
    return found[1:]


def _wait_until_ready(process: subprocess.Popen[bytes], output: Path, *, command: Command, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not READY.search(output.read_bytes()):
        if (exit_code := process.poll()) is not None:
            raise CommandFailedError(command, f"ended with {exit_code} before it printed an address")
        if time.monotonic() > deadline:
            raise CommandFailedError(command, f"printed no address within {patience:.0f} s")
        time.sleep(0.1)
