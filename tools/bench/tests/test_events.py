"""Tests of the comparison of events and effects."""

import pytest

from tools.bench.events import EffectsError, check_effects


def test_one_effect_for_each_event_in_any_order() -> None:
    """The order of effects of different aggregates is not fixed."""
    check_effects(["a", "b"], ["b", "a"])


@pytest.mark.parametrize(
    ("applied", "reason"),
    [
        (["a"], "2 events have 1 effects, of 1 events"),
        (["a", "b", "b"], "2 events have 3 effects, of 2 events"),
        (["a", "a"], "2 events have 2 effects, of 1 events"),
    ],
    ids=["missing", "twice", "one missing, one twice"],
)
def test_a_missing_or_second_effect_is_an_error(applied: list[str], reason: str) -> None:
    """Also where the numbers of events and effects are equal."""
    with pytest.raises(EffectsError, match=reason):
        check_effects(["a", "b"], applied)
