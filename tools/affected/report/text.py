"""One label a line, for pipes and eyes."""

from tools.affected.answer import Answer


def render(answer: Answer, kind: str) -> str:
    """Return the labels."""
    return "".join(f"{target.label}\n" for target in answer.of_kind(kind))
