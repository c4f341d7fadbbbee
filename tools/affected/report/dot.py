"""A graph for Graphviz: the affected targets, with an edge to each from its predecessor on a shortest path."""

import itertools
import json

from tools.affected.result import AffectedResult


def render(result: AffectedResult, kind: str) -> str:
    """Return the graph of the paths from changed files to targets of the kind."""
    edges = set()
    for target in result.of_kind(kind):
        edges |= set(itertools.pairwise(result.dependency_path(target.label)))
    lines = [f"  {json.dumps(start)} -> {json.dumps(end)};" for start, end in sorted(edges)]
    return "\n".join(["digraph affected {", "  rankdir=LR;", *lines, "}"]) + "\n"
