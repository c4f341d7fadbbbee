"""The forms in which an answer is printed; each module has one function `render`."""

from collections.abc import Callable, Mapping

from tools.affected.answer import Answer
from tools.affected.report import dot, github, html, json, markdown, text

FORMS: Mapping[str, Callable[[Answer, str], str]] = {
    "text": text.render,
    "json": json.render,
    "github": github.render,
    "markdown": markdown.render,
    "html": html.render,
    "dot": dot.render,
}
"""By the name that `--format` takes: from an answer and a kind to what goes to stdout."""
