"""The tests that run together with this one have another date."""

import os
import subprocess
import time
from pathlib import Path

_DAYS = 400
_DAY = 24 * 60 * 60


def test_the_date_is_ahead_of_the_machines() -> None:
    """The date is later than that of a child process without libfaketime, which has the machine's date."""
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    date = subprocess.run(["date", "+%s"], env=environment, capture_output=True, text=True, check=True)
    assert abs(time.time() - int(date.stdout) - _DAYS * _DAY) < _DAY


def test_durations_are_not() -> None:
    """Durations are measured with the machine's monotonic clock, which is not faked."""
    up = float(Path("/proc/uptime").read_text().split()[0])
    assert abs(time.clock_gettime(time.CLOCK_BOOTTIME) - up) < _DAY
    assert time.monotonic() < up + _DAY
