"""From seeds to everything that depends on them, by one query, with the way back."""

import dataclasses
import re
from collections.abc import Iterable, Mapping

from tools.affected import graph, ways
from tools.affected.bazel import Bazel
from tools.affected.graph import Target, package_of
from tools.affected.verdict import Verdict


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reached:
    """What depends on the seeds.

    `targets` are rules of this repository. `files` are the changed files that a target owns.
    `hops` lead from every target towards the seed it was reached from; a seed has none.
    """

    targets: Mapping[str, Target]
    files: frozenset[str]
    hops: Mapping[ways.State, ways.State | None]

    def chain(self, label: str) -> list[str]:
        """Return the way from a seed to a target, both included."""
        way = []
        state: ways.State | None = (label, ways.WHOLE)
        while state is not None:
            way.append(state[0])
            state = self.hops.get(state)
        return way[::-1]


def expression(labels: Iterable[str], files: Iterable[str]) -> str:
    """Return the query for what depends on targets and on those files that a target owns."""
    wanted = sorted(set(files))
    parts = sorted(set(labels))
    if wanted:
        # Where no target owns a file its label is an error; a filter over its package is not.
        pattern = "|".join(re.sub(r"[^\w/:@-]", ".", label) for label in wanted)
        packages = " + ".join(f'"//{package}:*"' for package in sorted({package_of(label) for label in wanted}))
        parts.append(f'filter("^({pattern})$", {packages})')
    return f"rdeps(//..., {' + '.join(parts)})"


def reach(bazel: Bazel, verdicts: Iterable[Verdict]) -> Reached:
    """Ask Bazel what depends on the seeds of these verdicts.

    Raises:
        BazelFailedError: the head's graph cannot be loaded.
    """
    given = list(verdicts)
    labels = [label for verdict in given for label in verdict.labels]
    files = [label for verdict in given for label in verdict.files]
    if not labels and not files:
        return Reached(targets={}, files=frozenset(), hops={})
    answer = bazel.query(expression(labels, files), *ways.OPTIONS)
    edges = ways.Ways(answer)
    present = {entry["sourceFile"]["name"] for entry in answer if entry["type"] == "SOURCE_FILE"}
    owned = _owned(files, present, edges.takes.values())
    parts = _parts(given)
    named = {label for label in labels if label in edges.takes} | _external(labels, edges.takes)
    seeds = {label: parts.get(label, ways.WHOLE) for label in named | owned}
    hops = edges.hops(seeds, defined=[label for label in named if not seeds[label]])
    targets = {label: target for label, target in graph.rules(answer).items() if (label, ways.WHOLE) in hops}
    return Reached(targets=targets, files=frozenset(owned), hops=hops)


def _parts(verdicts: Iterable[Verdict]) -> dict[str, ways.View]:
    """Return the seeds of which, by all that is said of them, only some attributes differ."""
    found: dict[str, ways.View] = {}
    whole: set[str] = set()
    for verdict in verdicts:
        for label in (*verdict.labels, *verdict.files):
            part = verdict.parts.get(label, ways.WHOLE)
            if part:
                found[label] = found.get(label, frozenset()) | part
            else:
                whole.add(label)
    return {label: part for label, part in found.items() if label not in whole}


def _owned(files: Iterable[str], present: set[str], inputs: Iterable[Iterable[str]]) -> set[str]:
    """Return the files that some target takes; a BUILD file is always there, and mostly nobody's."""
    taken = {label for labels in inputs for label in labels}
    return {label for label in files if label in present and label in taken}


def _external(labels: Iterable[str], inputs: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the seeds of other repositories by the names that targets call them."""
    hubs = tuple(label.partition("//")[0] + "//" for label in labels if label.startswith("@"))
    if not hubs:
        return set()
    named = {label for wanted in inputs.values() for label in wanted}
    asked = {label for label in labels if label.startswith("@")}
    return {label for label in named | set(inputs) if any(_is_meant(label, seed) for seed in asked)}


def _is_meant(label: str, seed: str) -> bool:
    """Tell whether a canonical label (`@@_main~pip~pip//x:pkg`) is one that a seed (`@pip//x:pkg`) names."""
    repository, _, rest = label.removeprefix("@@").removeprefix("@").partition("//")
    package = rest.partition(":")[0]
    wanted, _, target = seed.removeprefix("@").partition("//")
    same_repository = re.split(r"[~+]", repository)[-1] == wanted
    return same_repository and (target in {"...", rest} or seed.endswith(f"//{package}:all"))
