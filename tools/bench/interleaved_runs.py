"""Measure several servers alternately, so that other load on the machine affects all of them equally."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one server: requests per second, processor time per request (µs), latency percentiles (seconds)."""

    rate: float
    cost: float
    p50: float = 0.0
    p99: float = 0.0


Samples = Mapping[str, Sequence[Sample]]


def interleave(names: Sequence[str], measure: Callable[[str], Sample], *, rounds: int) -> Samples:
    """Measure each of `names` once per round, in reverse order in every other round."""
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            samples[name].append(measure(name))
    return samples


def overhead(samples: Samples, *, of: str, over: str) -> float:
    """Return the additional processor time of a request as a share: the median over the rounds."""
    pairs = zip(samples[of], samples[over], strict=True)
    return median(one.cost / base.cost - 1 for one, base in pairs)


def least_overhead(samples: Samples, *, of: str, over: str) -> float:
    """Return the same share for the fastest run of each server: other load can only add to it, as in `timeit`."""
    return min(each.cost for each in samples[of]) / min(each.cost for each in samples[over]) - 1


def added(samples: Samples, *, of: str, over: str) -> float:
    """Return the additional processor time of a request in microseconds: the median over the rounds."""
    pairs = zip(samples[of], samples[over], strict=True)
    return median(one.cost - base.cost for one, base in pairs)


def share(samples: Samples, micros: float, *, of: str) -> float:
    """Return `micros` as a share of the median processor time of a request."""
    return micros / median(each.cost for each in samples[of])


def speed_table(samples: Samples, *, base: str) -> str:
    """Return a Markdown table of medians: rates, latencies, processor time, and ratios to `base`.

    A ratio is the median of the ratios within each round.
    """
    lines = [
        f"| | requests/s | to {base} | p50 ms | p99 ms | µs of processor | to {base} by processor |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, found in samples.items():
        pairs = zip(found, samples[base], strict=True)
        ratio = median(one.rate / other.rate for one, other in pairs)
        by_processor = 1 / (1 + overhead(samples, of=name, over=base))
        rate, cost = median(each.rate for each in found), median(each.cost for each in found)
        p50, p99 = median(each.p50 for each in found), median(each.p99 for each in found)
        lines.append(
            f"| {name} | {rate:,.0f} | {ratio:.2f} | {p50 * 1e3:.1f} | {p99 * 1e3:.1f} "
            f"| {cost:.1f} | {by_processor:.2f} |"
        )
    return "\n".join(lines)


def table(samples: Samples, *, base: str) -> str:
    """Return a Markdown table of the median rates and processor times per request, with ratios to `base`."""
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
