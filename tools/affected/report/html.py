"""An HTML page without scripts, for an artifact of CI."""

import html

from tools.affected.result import AffectedResult

_STYLE = "body{font:15px sans-serif;margin:2em;max-width:80em}td{padding:.2em 1em .2em 0;vertical-align:top}"


def render(result: AffectedResult, kind: str) -> str:
    """Return the page."""
    reasons = "".join(_row(impact.path, impact.scope.value, impact.reason) for impact in result.impacts)
    targets = "".join(
        _row(target.label, target.rule, " → ".join(result.dependency_path(target.label)[:-1]))
        for target in result.of_kind(kind)
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>affected: {result.scope.value}</title><style>{_STYLE}</style>"
        f"<h1>Affected: {result.scope.value}</h1>"
        f"<h2>Changed files</h2><table>{reasons}</table>"
        f"<h2>Affected targets</h2><table>{targets}</table>\n"
    )


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
