"""Comparison of the response times of kinds of requests."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import combinations
from random import Random
from statistics import median

Ask = Callable[[], Awaitable[object]]

_ROUNDS = 100
_MOST_ROUNDS = 600


async def largest_time_gap(kinds: Mapping[str, Ask], *, tolerance: float, afterwards: Ask | None = None) -> float:
    """Return the largest gap between the times of two kinds of requests, as a share of the median time.

    Each round sends one request of every kind in a random order; a gap is the median of the differences within the
    rounds, since the speed of a busy machine changes between rounds. There are 100 rounds, and up to 500 more while
    the gap is above `tolerance`.

    `afterwards` is awaited after each request and is not timed.
    """
    random = Random(1)
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for held in range(1, _MOST_ROUNDS + 1):
        for name in random.sample(list(kinds), len(kinds)):
            started = time.perf_counter()
            await kinds[name]()
            times[name].append(time.perf_counter() - started)
            if afterwards is not None:
                await afterwards()
        if held % _ROUNDS == 0 and _gap(times.values()) <= tolerance:
            break
    return _gap(times.values())


def _gap(times: Collection[list[float]]) -> float:
    usual = median(each for of_a_kind in times for each in of_a_kind)
    gaps = (median(one - other for one, other in zip(*pair, strict=True)) for pair in combinations(times, 2))
    return max(map(abs, gaps)) / usual
