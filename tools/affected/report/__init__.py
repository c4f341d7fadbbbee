"""The formats of a result; each module has one function `render`."""

from collections.abc import Callable, Mapping

from tools.affected.report import dot, github, html, json, markdown, text
from tools.affected.result import AffectedResult

FORMATS: Mapping[str, Callable[[AffectedResult, str], str]] = {
    "text": text.render,
    "json": json.render,
    "github": github.render,
    "markdown": markdown.render,
    "html": html.render,
    "dot": dot.render,
}
"""By the value of `--format`: a function from a result and a kind of target to the output."""
