"""A limit on the time of a task, kept by a sweep: `asyncio.timeout` sets a timer for each, and costs ten times this."""

import asyncio

from libs.web.sweep import Sweep


class Deadlines:
    """Limits of one length, in seconds; a task that exceeds it is cancelled up to a fifth later."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        period = min(0.5, seconds / 10)
        self.sweep = Sweep(period)
        # The sweep's clock stands still between two looks, hence the one period of grace.
        self.span = seconds + period


class Deadline:
    """A limit on the present task, from its making to `end`."""

    __slots__ = ("_cancelling", "_ends", "_sweep", "_task", "passed")

    def __init__(self, deadlines: Deadlines) -> None:
        self._task: asyncio.Task[object] = asyncio.current_task()  # type: ignore[assignment]  # we are in one
        self._cancelling = self._task.cancelling()
        self._sweep = deadlines.sweep
        self._ends = self._sweep.now + deadlines.span
        self.passed = False
        self._sweep.watch(self)

    def sweep(self, passed: float) -> None:  # noqa: ARG002  # the sweep's own clock is what counts
        """Cancel the task once it is late."""
        if not self.passed and self._sweep.now > self._ends:
            self.passed = True
            self._task.cancel()

    def end(self) -> bool:
        """Stop; whether the task was cancelled by this and nobody else, as `asyncio.timeout` decides it."""
        self._sweep.forget(self)
        return self.passed and self._task.uncancel() <= self._cancelling
