"""How rounds are run and what is made of them."""

import pytest

from tools.bench.rounds import Sample, added, alternate, least_overhead, overhead, share, speed_table, table

SAMPLES = {
    "stock": [Sample(1000, 100), Sample(500, 200), Sample(1100, 90)],
    "guarded": [Sample(990, 102), Sample(490, 208), Sample(1050, 91.8)],
}


def test_turns_alternate() -> None:
    """Whoever went first in one round goes last in the next."""
    turns: list[str] = []

    def measure(name: str) -> Sample:
        turns.append(name)
        return Sample(len(turns), 1)

    samples = alternate(["a", "b"], measure, rounds=3)
    assert turns == ["a", "b", "b", "a", "a", "b"]
    assert [sample.rate for sample in samples["a"]] == [1, 4, 5]


def test_overhead_compares_within_a_round() -> None:
    """A round in which the machine was slow says as much as any other."""
    assert overhead(SAMPLES, of="guarded", over="stock") == pytest.approx(0.02)


def test_least_overhead_compares_the_cheapest_rounds() -> None:
    """What disturbs a round only ever adds to its cost."""
    assert least_overhead(SAMPLES, of="guarded", over="stock") == pytest.approx(0.02)


def test_table_shows_medians() -> None:
    """The table is what the documentation can quote."""
    assert table(SAMPLES, base="stock").splitlines()[2:] == [
        "| stock | 1,000 | 1.000 | 100.0 | +0.0% | 90.0 | +0.0% |",
        "| guarded | 990 | 0.990 | 102.0 | +2.0% | 91.8 | +2.0% |",
    ]


def test_added_is_microseconds_of_a_request() -> None:
    """What something costs does not depend on what it is put around."""
    assert added(SAMPLES, of="guarded", over="stock") == pytest.approx(2)
    assert share(SAMPLES, 2, of="stock") == pytest.approx(0.02)


def test_speed_table_compares_within_a_round() -> None:
    """Twice the processor time is half the speed, whatever the rates say."""
    samples = {"plain": [Sample(1000, 100), Sample(500, 200)], "full": [Sample(400, 200), Sample(300, 400)]}
    assert speed_table(samples, base="plain").splitlines()[2:] == [
        "| plain | 750 | 1.00 | 150.0 | 1.00 |",
        "| full | 350 | 0.50 | 300.0 | 0.50 |",
    ]
