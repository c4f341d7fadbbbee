"""Whether somebody outside could tell by the clock what happened inside."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import combinations
from random import Random
from statistics import median

Ask = Callable[[], Awaitable[object]]

_ROUNDS = 100
_MOST_ROUNDS = 600


async def race(kinds: Mapping[str, Ask], *, tolerance: float, afterwards: Ask | None = None) -> float:
    """Time kinds of requests against each other: how far apart two are at the most, as a share of what one takes.

    In every round each comes once, in a new order, and is held against the others of its round. A busy machine has
    slow rounds and fast ones, and the medians of all times of two kinds would be anywhere between. The noise of a
    median of differences falls with more rounds: 100, and up to 500 more while it is above `tolerance`.

    `afterwards` is waited for after each request and takes part in no time.
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
