"""Runs documented commands in order, each in a new shell, in one folder."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from tools.docs.commands import Command

READY = re.compile(rb"(localhost|127\.0\.0\.1):\d+")
"""What a serving command prints once it can be used."""

Timed = Iterator[tuple[Command, float]]
"""Commands that passed, each with the seconds it took."""


class CommandFailedError(Exception):
    """A documented command did not do what the document promises."""

    def __init__(self, command: Command, reason: str) -> None:
        super().__init__(f"{command}: {reason}")
        self.command = command
        self.reason = reason


def run_all(commands: list[Command], *, folder: Path, patience: float) -> Timed:
    """Run each command in `folder` and yield it with the seconds it took.

    A serving command stays up until the last command of its block has run.

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
    done = subprocess.run(["bash", "-c", first.text], check=False, cwd=folder, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise CommandFailedError(first, f"exit code {done.returncode}")
    yield first, time.monotonic() - started
    yield from _run_block(others, folder=folder, patience=patience)


@contextmanager
def _serving(command: Command, *, folder: Path, patience: float) -> Iterator[None]:
    # A file, not a pipe: nothing reads after the server is up, and a full pipe would block it.
    with tempfile.NamedTemporaryFile(prefix="serving-") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command.text}"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_ready(process, Path(output.name), command=command, patience=patience)
            yield
            os.killpg(process.pid, signal.SIGINT)
            if process.wait(timeout=patience) != 0:
                raise CommandFailedError(command, f"exit code {process.returncode} after Ctrl-C")
        except subprocess.TimeoutExpired as late:
            reason = f"still running {patience:.0f} s after Ctrl-C"
            raise CommandFailedError(command, reason) from late
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], output: Path, *, command: Command, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not READY.search(output.read_bytes()):
        if (exit_code := process.poll()) is not None:
            raise CommandFailedError(command, f"ended with {exit_code} before it printed an address")
        if time.monotonic() > deadline:
            raise CommandFailedError(command, f"printed no address within {patience:.0f} s")
        time.sleep(0.1)
