"""Child processes that start and end together."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

_POLL_SECONDS = 0.1


class ChildEnded(Exception):
    """A child process ended unexpectedly."""

    def __init__(self, name: str, code: int, log: Path | None = None) -> None:
        """Say which child ended, and how."""
        why = f"{log} has the reason" if log else "its output above has the reason"
        super().__init__(f"{name} ended with exit code {code}; {why}")
        self.name = name
        self.code = code


@dataclass(frozen=True, slots=True)
class _Child:
    """A process, the file that it logs to if not our terminal, and whether the other children need it to the end."""

    process: subprocess.Popen[bytes]
    log: Path | None = None
    is_needed: bool = False


class ProcessGroup:
    """Children, each in its own process group of the system, so that Ctrl-C reaches them only through this process."""

    def __init__(self) -> None:
        self._children: dict[str, _Child] = {}
        self._signals = 0

    @property
    def stopping(self) -> bool:
        """Whether a signal to end was received."""
        return self._signals > 0

    def handle_signals(self) -> None:
        """Let the first SIGINT or SIGTERM ask the children to end, and the second end them."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def run(self, arguments: Sequence[str], settings: Mapping[str, str]) -> int:
        """Run one command to its end; its exit code."""
        self.start("command", arguments, settings)
        code = self._children["command"].process.wait()
        del self._children["command"]
        return code

    def start(self, name: str, arguments: Sequence[str], settings: Mapping[str, str]) -> None:
        """Start a child with these settings added to our environment."""
        process = subprocess.Popen(arguments, env={**os.environ, **settings}, start_new_session=True)
        self._children[name] = _Child(process)

    def start_needed(self, name: str, arguments: Sequence[str], *, log: Path, lock: int) -> int:
        """Start a child that the others need, so that it ends after them, and return its process id.

        Args:
            name: its name.
            arguments: its command line.
            log: the file that it writes to.
            lock: descriptor of a locked file, which the child keeps open until it ends.
        """
        process = subprocess.Popen(arguments, pass_fds=(lock,), start_new_session=True)
        self._children[name] = _Child(process, log, is_needed=True)
        return process.pid

    def wait_until(self, is_done: Callable[[], bool], seconds: float) -> bool:
        """Wait for `is_done`, for a signal or for the time to pass; whether it is done.

        Raises:
            ChildEnded: a child did not live to see it.
        """
        deadline = time.monotonic() + seconds
        while not is_done():
            self._check_children()
            if self.stopping or time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def stop(self) -> None:
        """Ask every child to end, and wait until all have; those that the others need are signalled after them."""
        for is_needed in (False, True):
            self._send(signal.SIGTERM, self._running(is_needed=is_needed))
            for child in self._children.values():
                if child.is_needed == is_needed:
                    child.process.wait()

    def _check_children(self) -> None:
        for name, child in self._children.items():
            code = child.process.poll()
            if code is not None and not self.stopping:
                raise ChildEnded(name, code, child.log)

    def _on_signal(self, _: int, __: FrameType | None) -> None:
        self._signals += 1
        if self._signals == 1:
            self._send(signal.SIGTERM, self._running(is_needed=False))
        else:
            self._send(signal.SIGKILL, [*self._running(is_needed=False), *self._running(is_needed=True)])

    def _running(self, *, is_needed: bool) -> Iterator[subprocess.Popen[bytes]]:
        for child in self._children.values():
            if child.is_needed == is_needed and child.process.poll() is None:
                yield child.process

    @staticmethod
    def _send(number: signal.Signals, processes: Iterable[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
