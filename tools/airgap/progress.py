"""Progress messages of bazelw on stderr."""

from __future__ import annotations

import sys
import time


def say(text: str) -> None:
    """Print one line with the prefix `bazelw:`."""
    print(f"bazelw: {text}", file=sys.stderr, flush=True)


class Stopwatch:
    """Prints messages with the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def say(self, text: str) -> None:
        """Print one line with the elapsed time."""
        say(f"{self.seconds:4.0f} s  {text}")
