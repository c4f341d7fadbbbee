"""A plugin of pytest that lets tests sleep under libfaketime.

Version 0.9.10 refuses a sleep until a moment of the clock that it leaves alone, and that is how Python sleeps.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep  # type: ignore[assignment]  # numbers that are no floats are nobody's here
