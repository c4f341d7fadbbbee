"""Outputs of a GitHub Actions step: append them to the file that GITHUB_OUTPUT names."""

from __future__ import annotations

import json

from tools.affected.answer import Answer


def render(answer: Answer, kind: str) -> str:
    """Return the scope and a matrix of labels, empty where nothing is affected."""
    labels = [target.label for target in answer.of_kind(kind)]
    matrix = {"include": [{"target": label, "name": label.removeprefix("//").replace(":", " ")} for label in labels]}
    return f"scope={answer.scope.value}\ncount={len(labels)}\nmatrix={json.dumps(matrix)}\n"
