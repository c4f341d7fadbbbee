"""One page without scripts, for an artifact of CI."""

import html

from tools.affected.answer import Answer

_STYLE = "body{font:15px sans-serif;margin:2em;max-width:80em}td{padding:.2em 1em .2em 0;vertical-align:top}"


def render(answer: Answer, kind: str) -> str:
    """Return the page."""
    reasons = "".join(_row(verdict.path, verdict.scope.value, verdict.reason) for verdict in answer.verdicts)
    targets = "".join(
        _row(target.label, target.rule, " → ".join(answer.chain(target.label)[:-1])) for target in answer.of_kind(kind)
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>affected: {answer.scope.value}</title><style>{_STYLE}</style>"
        f"<h1>Affected: {answer.scope.value}</h1>"
        f"<h2>What changed</h2><table>{reasons}</table>"
        f"<h2>What it touches</h2><table>{targets}</table>\n"
    )


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
