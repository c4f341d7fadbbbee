"""A JSON document with the complete result."""

from __future__ import annotations

import json
from typing import Any

from tools.affected.result import AffectedResult


def document(result: AffectedResult, kind: str) -> dict[str, Any]:
    """Return the result as values that JSON can represent."""
    return {
        "base": result.range.base,
        "head": result.range.head,
        "scope": result.scope.value,
        "reasons": [
            {
                "path": impact.path,
                "scope": impact.scope.value,
                "reason": impact.reason,
                "seeds": [*impact.seeds, *impact.file_labels],
            }
            for impact in result.impacts
        ],
        "targets": [
            {"label": target.label, "rule": target.rule, "why": result.dependency_path(target.label)}
            for target in result.of_kind(kind)
        ],
    }


def render(result: AffectedResult, kind: str) -> str:
    """Return the document as text."""
    return json.dumps(document(result, kind), indent=2) + "\n"
