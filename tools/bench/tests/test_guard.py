"""A measurement of a real server, too short to say anything but that it works."""

import pytest

from tools.bench.contestant import contestant
from tools.bench.load import UnexpectedAnswer, load


def test_load_is_answered() -> None:
    """A contestant is started and asked, and its answers are counted and timed."""
    with contestant("guarded", "tools.bench.hello", ["guarded"]) as server:
        before = server.cpu_seconds()
        outcome = load(server.address, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", seconds=0.3, connections=2)
        assert server.cpu_seconds() > before
    assert outcome.requests > 20
    assert outcome.rate == pytest.approx(outcome.requests / outcome.seconds)
    assert 0 < outcome.p99 < 1


def test_failures_are_not_counted_as_speed() -> None:
    """An answer other than 200 ends the measurement."""
    with contestant("guarded", "tools.bench.hello", ["guarded"]) as server, pytest.raises(UnexpectedAnswer):
        load(server.address, b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", seconds=0.3, connections=2)
