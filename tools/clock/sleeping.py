"""A plugin of pytest with which tests can sleep under libfaketime.

Python sleeps until a time of the monotonic clock, which libfaketime 0.9.10 refuses if it does not fake that clock.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep  # type: ignore[assignment]  # only int and float are passed here
