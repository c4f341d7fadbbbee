"""Both clocks satisfy the interface, and tests control the fake one."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.clock.clock import Clock, SystemClock
from libs.clock.testing import START, FakeClock


@pytest.mark.parametrize("clock", [SystemClock(), FakeClock()], ids=["system", "fake"])
def test_times_are_aware_and_in_utc(clock: Clock) -> None:
    """A naive time cannot be compared with the times in tokens."""
    assert clock.now().tzinfo is UTC


def test_the_system_clock_is_the_current_time() -> None:
    """The wall clock has the time of the operating system, and the monotonic clock does not go back."""
    clock = SystemClock()
    earlier = clock.monotonic()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert clock.monotonic() >= earlier


def test_the_fake_clock_advances_when_told() -> None:
    """`advance` moves both clocks by the same seconds."""
    clock = FakeClock()
    earlier = clock.monotonic()
    clock.advance(90)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=90), earlier + 90)


def test_a_step_leaves_the_monotonic_clock_alone() -> None:
    """A wall clock that is set back does not shorten or extend a cooldown."""
    clock = FakeClock()
    earlier = clock.monotonic()
    clock.step(-3600)
    assert (clock.now(), clock.monotonic()) == (START - timedelta(hours=1), earlier)
