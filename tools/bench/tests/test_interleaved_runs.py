"""Tests of interleaved runs and of the tables that show them."""

import pytest

from tools.bench.interleaved_runs import Sample, added, interleave, least_overhead, overhead, share, speed_table, table

SAMPLES = {
    "stock": [Sample(1000, 100), Sample(500, 200), Sample(1100, 90)],
    "hardened": [Sample(990, 102), Sample(490, 208), Sample(1050, 91.8)],
}


def test_order_alternates() -> None:
    """The first of one round is the last of the next."""
    turns: list[str] = []

    def measure(name: str) -> Sample:
        turns.append(name)
        return Sample(len(turns), 1)

    samples = interleave(["a", "b"], measure, rounds=3)
    assert turns == ["a", "b", "b", "a", "a", "b"]
    assert [sample.rate for sample in samples["a"]] == [1, 4, 5]


def test_overhead_compares_within_a_round() -> None:
    """A ratio within a round does not depend on how fast the machine was in that round."""
    assert overhead(SAMPLES, of="hardened", over="stock") == pytest.approx(0.02)


def test_least_overhead_compares_the_cheapest_rounds() -> None:
    """Other load only adds to a cost, so the cheapest runs are the least disturbed."""
    assert least_overhead(SAMPLES, of="hardened", over="stock") == pytest.approx(0.02)


def test_table_shows_medians() -> None:
    """The table has the median of each figure."""
    assert table(SAMPLES, base="stock").splitlines()[2:] == [
        "| stock | 1,000 | 1.000 | 100.0 | +0.0% | 90.0 | +0.0% |",
        "| hardened | 990 | 0.990 | 102.0 | +2.0% | 91.8 | +2.0% |",
    ]


def test_added_is_microseconds_of_a_request() -> None:
    """The cost of middleware is a time, and a share of the request that it is part of."""
    assert added(SAMPLES, of="hardened", over="stock") == pytest.approx(2)
    assert share(SAMPLES, 2, of="stock") == pytest.approx(0.02)


def test_speed_table_compares_within_a_round() -> None:
    """Twice the processor time is half the speed; ratios are taken within a round."""
    samples = {
        "plain": [Sample(1000, 100, p50=0.001, p99=0.002), Sample(500, 200, p50=0.002, p99=0.004)],
        "full": [Sample(400, 200, p50=0.004, p99=0.01), Sample(300, 400, p50=0.005, p99=0.02)],
    }
    assert speed_table(samples, base="plain").splitlines()[2:] == [
        "| plain | 750 | 1.00 | 1.5 | 3.0 | 150.0 | 1.00 |",
        "| full | 350 | 0.50 | 4.5 | 15.0 | 300.0 | 0.50 |",
    ]
