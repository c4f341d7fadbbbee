"""One label per line."""

from tools.affected.result import AffectedResult


def render(result: AffectedResult, kind: str) -> str:
    """Return the labels."""
    return "".join(f"{target.label}\n" for target in result.of_kind(kind))
