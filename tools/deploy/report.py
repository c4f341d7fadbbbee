"""Print a plan as text, as JSON and as outputs of GitHub Actions."""

import json
from collections.abc import Callable
from typing import Any

from tools.deploy.plan import Change, Kind, Plan
from tools.deploy.source import Source

_WIDTHS = (20, 11)


def text(plan: Plan, source: Source) -> str:
    """Format a plan as a table with a line for each reason."""
    lines = [f"{plan.folder.name} on {plan.registry}, from {source}", "", _row("service", "change", "why")]
    for change in plan.changes:
        first, *others = list(change.reasons) or [""]
        lines += [_row(change.service, change.kind, first), *(_row("", "", reason) for reason in others)]
    if not plan.folder.namespace_is(plan.namespace):
        lines.append(_row("(namespace)", "changed", "its manifest is missing or another"))
    lines += [_row(name, "-", f"not here: no {plan.folder.shown(name + '.toml')}") for name in plan.absent]
    return "\n".join([*lines, "", *plan.notes, _sum(plan)])


def as_json(plan: Plan, source: Source) -> str:
    """Format a plan as a JSON object."""
    document = {
        "environment": plan.folder.name,
        "registry": plan.registry,
        "revision": source.revision,
        "is_committed": source.is_committed,
        "is_done": plan.is_done,
        "services": [_entry(change) for change in plan.changes],
        "absent": list(plan.absent),
        "notes": list(plan.notes),
    }
    return json.dumps(document, indent=2)


def github(plan: Plan, source: Source) -> str:  # noqa: ARG001 - all formats have one signature
    """Format a plan as outputs of a step, for the file that GITHUB_OUTPUT names."""
    matrix = {"include": [_entry(change) for change in plan.work]}
    return f"count={len(plan.work)}\nmatrix={json.dumps(matrix)}"


FORMATS: dict[str, Callable[[Plan, Source], str]] = {"text": text, "json": as_json, "github": github}


def _entry(change: Change) -> dict[str, Any]:
    return {
        "service": change.service,
        "change": change.kind.value,
        "why": list(change.reasons),
        "image": change.image.reference if change.image else None,
        "recorded": change.record.image.reference if change.record else None,
    }


def _sum(plan: Plan) -> str:
    if plan.is_done:
        return "nothing to do"
    counts = {kind: sum(change.kind is kind for change in plan.work) for kind in Kind}
    said = ", ".join(f"{count} {kind.value}" for kind, count in counts.items() if count)
    return f"to do: {said or 'the namespace'}"


def _row(*cells: str) -> str:
    padded = [f"{cell:<{width}}" for cell, width in zip(cells[:2], _WIDTHS, strict=True)]
    return " ".join([*padded, cells[2]]).rstrip()
