"""A limit on the lines that callers without credentials can cause in a log."""

import math
from collections.abc import Callable

from libs.clock.clock import Clock

_WINDOW_SECONDS = 60.0


class LogLimit:
    """Writes a limited number of lines per minute, and one line when it starts to omit further ones."""

    def __init__(
        self,
        *,
        clock: Clock,
        on_suppressed: Callable[[int], None],
        on_resumed: Callable[[int], None],
        lines_per_minute: int = 60,
    ) -> None:
        """Call `on_suppressed` with the seconds of silence, and `on_resumed` afterwards with the number of lines."""
        self._clock = clock
        self._on_suppressed = on_suppressed
        self._on_resumed = on_resumed
        self._lines_per_minute = lines_per_minute
        self._window_ends = -math.inf
        self._events = 0

    def write(self, line: Callable[[], None]) -> None:
        """Call `line`, which writes one line, unless the limit of this minute is reached."""
        now = self._clock.monotonic()
        if now >= self._window_ends:
            if self._events > self._lines_per_minute:
                self._on_resumed(self._events - self._lines_per_minute)
            self._window_ends = now + _WINDOW_SECONDS
            self._events = 0
        self._events += 1
        if self._events <= self._lines_per_minute:
            line()
        elif self._events == self._lines_per_minute + 1:
            self._on_suppressed(math.ceil(self._window_ends - now))
