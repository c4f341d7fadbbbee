"""A graph for Graphviz: every affected target and the edge by which it was reached first."""

import itertools
import json

from tools.affected.answer import Answer


def render(answer: Answer, kind: str) -> str:
    """Return the graph; each way runs from a changed path to a target of the kind."""
    edges = set()
    for target in answer.of_kind(kind):
        way = answer.chain(target.label)
        edges |= set(itertools.pairwise(way))
    lines = [f"  {json.dumps(start)} -> {json.dumps(end)};" for start, end in sorted(edges)]
    return "\n".join(["digraph affected {", "  rankdir=LR;", *lines, "}"]) + "\n"
