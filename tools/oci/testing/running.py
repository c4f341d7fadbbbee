"""Run the program of an image from its unpacked root file system, and check that it is ready."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CONTAINER = Path(__file__).with_name("container.py")
_EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")


class FailedError(Exception):
    """A program of an image failed."""


class NotReadyError(Exception):
    """A service was not ready in time."""


class NamespacesForbiddenError(Exception):
    """This machine does not permit containers."""


def require_namespaces() -> None:
    """Raise NamespacesForbiddenError, with what to do, where no container can be made."""
    done = subprocess.run([sys.executable, _CONTAINER, "--probe"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NamespacesForbiddenError(done.stderr.strip())


def find_emulator() -> Path | None:
    """Return the emulator for arm64: the one that QEMU_AARCH64 names, or qemu-user's on PATH."""
    named = os.environ.get("QEMU_AARCH64")
    found = named or next(filter(None, map(shutil.which, _EMULATORS)), None)
    return Path(found) if found else None


@dataclass(frozen=True, kw_only=True)
class Container:
    """An image's unpacked root file system, its config, and a folder that is mounted as /data.

    `emulator` is a path in the image of a program that runs those of another architecture.
    """

    root: Path
    data: Path
    config: Mapping[str, Any]
    emulator: str = ""

    def run(self, *arguments: str) -> str:
        """Run the entrypoint with arguments until it ends; return its output.

        Raises FailedError.
        """
        return _output(self._command(arguments))

    def run_python(self, code: str) -> str:
        """Run some Python in the image, in place of its entrypoint."""
        entrypoint = [self.config["Entrypoint"][0], "-c", code]
        return _output(self._command((), entrypoint))

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run the entrypoint until the end of the block, then ask it to stop."""
        with subprocess.Popen(self._command(arguments)) as process:
            try:
                yield process
            finally:
                process.terminate()

    def _command(self, arguments: Sequence[str], entrypoint: Sequence[str] = ()) -> list[str | Path]:
        env = [f"--env={pair}" for pair in self.config["Env"]]
        emulator = [self.emulator] if self.emulator else []
        program = [*emulator, *(entrypoint or self.config["Entrypoint"]), *arguments]
        options = [f"--user={self.config['User']}", f"--workdir={self.config['WorkingDir']}", f"--data={self.data}"]
        return [sys.executable, _CONTAINER, self.root, *options, *env, "--", *program]


def _output(command: Sequence[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise FailedError(done.stdout + done.stderr)
    return done.stdout


def wait_until_ready(url: str, process: subprocess.Popen[bytes], *, seconds: float = 60.0) -> float:
    """Wait for an answer of 200; return how long that took.

    Raises NotReadyError.
    """
    start = time.monotonic()
    answer: object = "nothing"
    while time.monotonic() - start < seconds:
        try:
            with urllib.request.urlopen(url, timeout=10):  # noqa: S310 - our own
                return time.monotonic() - start
        except OSError as error:
            answer = error
        if process.poll() is not None:
            raise NotReadyError(f"{url}: the service ended with {process.returncode}")
        time.sleep(0.01)
    raise NotReadyError(f"{url} did not answer 200 in {seconds} s, but {answer}")
