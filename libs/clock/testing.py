"""A clock that tests set."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
"""The time at which a `FakeClock` starts by default."""


class FakeClock:
    """A clock that changes only when a test calls `advance` or `step`; satisfies `libs.clock.clock.Clock`."""

    def __init__(self, now: datetime = START) -> None:
        """Start at `now`."""
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """Return the time that the test has set."""
        return self._now

    def monotonic(self) -> float:
        """Return the monotonic seconds that the test has set."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move the wall clock and the monotonic clock forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def step(self, seconds: float) -> None:
        """Move only the wall clock, forward or back, as an operator or NTP does."""
        self._now += timedelta(seconds=seconds)
