"""A handful of child processes that start together and end together."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

_POLL_SECONDS = 0.1


class ChildEnded(Exception):
    """A child ended although nobody had asked it to."""

    def __init__(self, name: str, code: int) -> None:
        """Keep which one and how."""
        super().__init__(f"{name} ended with exit code {code}; its own lines above say why")
        self.name = name
        self.code = code


class Fleet:
    """Children in process groups of their own, so that Ctrl-C reaches them through us alone."""

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._signals = 0

    @property
    def stopping(self) -> bool:
        """Whether a signal has asked for the end."""
        return self._signals > 0

    def handle_signals(self) -> None:
        """Let the first SIGINT or SIGTERM ask the children to end, and the second end them."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def run(self, arguments: Sequence[str], settings: Mapping[str, str]) -> int:
        """Run one command to its end; its exit code."""
        self.start("command", arguments, settings)
        code = self._children["command"].wait()
        del self._children["command"]
        return code

    def start(self, name: str, arguments: Sequence[str], settings: Mapping[str, str]) -> None:
        """Start a child with these settings added to our environment."""
        self._children[name] = subprocess.Popen(arguments, env={**os.environ, **settings}, start_new_session=True)

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
        """Ask every child to end, and wait until all have."""
        self._send(signal.SIGTERM)
        for child in self._children.values():
            child.wait()

    def _check_children(self) -> None:
        for name, child in self._children.items():
            code = child.poll()
            if code is not None and not self.stopping:
                raise ChildEnded(name, code)

    def _on_signal(self, _: int, __: FrameType | None) -> None:
        self._signals += 1
        self._send(signal.SIGTERM if self._signals == 1 else signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        for child in self._children.values():
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, number)
