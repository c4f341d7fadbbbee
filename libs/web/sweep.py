"""One timer for the deadlines of all connections, because one per request costs more than it."""

import asyncio
from collections.abc import Collection
from typing import Protocol


class Watched(Protocol):
    """Something with deadlines."""

    def sweep(self, passed: float) -> None:
        """Look at the deadlines; `passed` seconds went by since the last look."""


class Sweep:
    """Looks at everything it watches once per `period` seconds, and sleeps when that is nothing.

    Attributes:
        now: seconds on a clock of its own, read instead of the system's by those it watches. It
            advances by at most two periods a look: if the process stood still (a suspended laptop,
            a stolen CPU), what clients sent meanwhile is read before anybody is called late.
    """

    def __init__(self, period: float) -> None:
        self.now = 0.0
        self._period = period
        self._watched: set[Watched] = set()
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, each: Watched) -> None:
        """Begin to sweep `each`; call inside the event loop."""
        self._watched.add(each)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._last = loop.time()
            self._timer = loop.call_later(self._period, self._look, loop)

    def forget(self, each: Watched) -> None:
        """Stop sweeping `each`."""
        self._watched.discard(each)

    @property
    def watched(self) -> Collection[Watched]:
        """What is looked at."""
        return self._watched

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._watched:
            self._timer = None
            return
        # First of all, so that one faulty connection cannot stop the clock of the others.
        self._timer = loop.call_later(self._period, self._look, loop)
        time = loop.time()
        passed = min(time - self._last, 2 * self._period)
        self._last = time
        self.now += passed
        for each in tuple(self._watched):
            each.sweep(passed)
