"""Everything, for programs."""

from __future__ import annotations

import json
from typing import Any

from tools.affected.answer import Answer


def document(answer: Answer, kind: str) -> dict[str, Any]:
    """Return the answer as plain values."""
    return {
        "base": answer.range.base,
        "head": answer.range.head,
        "scope": answer.scope.value,
        "reasons": [
            {
                "path": verdict.path,
                "scope": verdict.scope.value,
                "reason": verdict.reason,
                "seeds": [*verdict.labels, *verdict.files],
            }
            for verdict in answer.verdicts
        ],
        "targets": [
            {"label": target.label, "rule": target.rule, "why": answer.chain(target.label)}
            for target in answer.of_kind(kind)
        ],
    }


def render(answer: Answer, kind: str) -> str:
    """Return the document as text."""
    return json.dumps(document(answer, kind), indent=2) + "\n"
