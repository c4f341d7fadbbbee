"""A measurement of a real server, too short to say anything but that it works."""

import time

import pytest

from tools.bench.contestant import Contestant, contestant
from tools.bench.load import Outcome, UnexpectedAnswer, load

_PATIENCE_SECONDS = 60


def test_load_is_answered() -> None:
    """A contestant is started and asked, and its answers are counted and timed."""
    with contestant("guarded", "tools.bench.hello", ["guarded"]) as server:
        before = server.cpu_seconds()
        outcome = _loaded(server, least=20)
        assert server.cpu_seconds() > before
    assert outcome.rate == pytest.approx(outcome.requests / outcome.seconds)
    assert 0 < min(outcome.latencies) <= max(outcome.latencies) <= outcome.seconds


def test_p99_is_what_99_of_100_took_at_most() -> None:
    """Of 999 answers the ten slowest may take longer, or as long."""
    assert Outcome(seconds=1, latencies=range(1, 1000)).p99 == 990


def test_failures_are_not_counted_as_speed() -> None:
    """An answer other than 200 ends the measurement."""
    with contestant("guarded", "tools.bench.hello", ["guarded"]) as server, pytest.raises(UnexpectedAnswer):
        load(server.address, b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", seconds=0.3, connections=2)


def _loaded(server: Contestant, *, least: int) -> Outcome:
    """What came of a load, put on again where the machine stood still during the first."""
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    end = time.monotonic() + _PATIENCE_SECONDS
    while (outcome := load(server.address, request, seconds=0.3, connections=2)).requests <= least:
        assert time.monotonic() < end, f"{outcome.requests} answers"
    return outcome
