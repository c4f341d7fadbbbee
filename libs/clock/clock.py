"""The wall clock and the monotonic clock behind one interface."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A wall clock, which can be set, and a monotonic clock, which cannot."""

    def now(self) -> datetime:
        """Return the current time as an aware datetime in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never decrease, for cooldowns and rates."""
        ...


class SystemClock:
    """The clocks of the operating system; satisfies `Clock`."""

    def now(self) -> datetime:
        """Return the current time as an aware datetime in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never decrease, for cooldowns and rates."""
        return time.monotonic()
