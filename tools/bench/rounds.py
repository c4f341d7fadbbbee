"""Alternating rounds: contestants run in turns, so that what the machine does besides hits all alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one contestant: requests per second, and microseconds of processor per request."""

    rate: float
    cost: float


Samples = Mapping[str, Sequence[Sample]]


def alternate(names: Sequence[str], measure: Callable[[str], Sample], *, rounds: int) -> Samples:
    """Measure each of `names` once a round; every other round goes backwards."""
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            samples[name].append(measure(name))
    return samples


def overhead(samples: Samples, *, of: str, over: str) -> float:
    """How much more processor time a request costs, as a share: the median over the rounds."""
    pairs = zip(samples[of], samples[over], strict=True)
    return median(mine.cost / theirs.cost - 1 for mine, theirs in pairs)


def least_overhead(samples: Samples, *, of: str, over: str) -> float:
    """The same between the cheapest rounds: what is left when the machine disturbs least, as timeit has it."""
    return min(each.cost for each in samples[of]) / min(each.cost for each in samples[over]) - 1


def added(samples: Samples, *, of: str, over: str) -> float:
    """How many microseconds of processor more a request costs: the median over the rounds."""
    pairs = zip(samples[of], samples[over], strict=True)
    return median(mine.cost - theirs.cost for mine, theirs in pairs)


def share(samples: Samples, micros: float, *, of: str) -> float:
    """What part of a request's processor time that many microseconds are."""
    return micros / median(each.cost for each in samples[of])


def speed_table(samples: Samples, *, base: str) -> str:
    """A Markdown table: how fast each is as a multiple of `base`, by requests and by processor time.

    The ratios are medians over the rounds, each taken within its round.
    """
    lines = [f"| | requests/s | to {base} | µs of processor | to {base} by processor |", "|---|--:|--:|--:|--:|"]
    for name, found in samples.items():
        pairs = zip(found, samples[base], strict=True)
        ratio = median(mine.rate / theirs.rate for mine, theirs in pairs)
        by_processor = 1 / (1 + overhead(samples, of=name, over=base))
        rate, cost = median(each.rate for each in found), median(each.cost for each in found)
        lines.append(f"| {name} | {rate:,.0f} | {ratio:.2f} | {cost:.1f} | {by_processor:.2f} |")
    return "\n".join(lines)


def table(samples: Samples, *, base: str) -> str:
    """A Markdown table: medians, each beside its ratio to `base`, and processor time per request."""
    rates = {name: median(each.rate for each in found) for name, found in samples.items()}
    lines = [
        f"| | requests/s | ratio | µs of processor | over {base} | least µs | over {base} |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, found in samples.items():
        more = (overhead(samples, of=name, over=base), least_overhead(samples, of=name, over=base))
        costs = [each.cost for each in found]
        lines.append(
            f"| {name} | {rates[name]:,.0f} | {rates[name] / rates[base]:.3f} "
            f"| {median(costs):.1f} | {more[0]:+.1%} | {min(costs):.1f} | {more[1]:+.1%} |"
        )
    return "\n".join(lines)
