"""Outputs of a GitHub Actions step, to append to the file `$GITHUB_OUTPUT`."""

from __future__ import annotations

import json

from tools.affected.result import AffectedResult


def render(result: AffectedResult, kind: str) -> str:
    """Return the scope, the number of targets, and a matrix of their labels, which may be empty."""
    labels = [target.label for target in result.of_kind(kind)]
    matrix = {"include": [{"target": label, "name": label.removeprefix("//").replace(":", " ")} for label in labels]}
    return f"scope={result.scope.value}\ncount={len(labels)}\nmatrix={json.dumps(matrix)}\n"
