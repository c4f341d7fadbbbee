"""The OpenAPI document as a page: plain HTML made on the server, nothing fetched from elsewhere.

The usual pages load a script from a public host, which a closed network does not reach and a
strict content security policy does not allow.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.params import Depends
from starlette.responses import HTMLResponse

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
summary { cursor: pointer; padding: .4rem 0 }
code, pre { font: 14px/1.5 ui-monospace, monospace }
pre { background: #f4f4f4; padding: .6rem; overflow-x: auto }
.method { display: inline-block; min-width: 4.5rem; font-weight: bold }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #ddd } pre { background: #222 } a { color: #8bf }
}
"""
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"


def docs_router(app: FastAPI, policy: Sequence[Depends]) -> APIRouter:
    """Route `/docs`."""
    router = APIRouter(include_in_schema=False, dependencies=policy)

    @router.get("/docs", response_class=HTMLResponse)
    async def read_docs() -> HTMLResponse:
        return HTMLResponse(page(app.openapi()), headers={"Content-Security-Policy": _POLICY})

    return router


def page(document: Mapping[str, Any]) -> str:
    """The page of one OpenAPI document: its operations, then the shapes they name."""
    title = escape(document["info"]["title"])
    operations = "\n".join(_operations(document["paths"]))
    shapes = "\n".join(_shapes(document.get("components", {}).get("schemas", {})))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f'<h1>{title}</h1><p><a href="openapi.json">openapi.json</a></p>'
        f"<h2>Operations</h2>{operations}<h2>Shapes</h2>{shapes}</html>"
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    for path, item in paths.items():
        for method, operation in item.items():
            yield (
                f'<details><summary><code><span class="method">{method.upper()}</span> '
                f"{escape(path)}</code> {escape(operation.get('summary', ''))}</summary>"
                f"<p>{escape(operation.get('description', ''))}</p>"
                f"<ul>{''.join(_inputs(operation))}</ul>"
                f"<ul>{''.join(_answers(operation['responses']))}</ul></details>"
            )


def _inputs(operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        need = "required" if parameter.get("required") else "optional"
        name, place = escape(parameter["name"]), escape(parameter["in"])
        yield f"<li><code>{name}</code> in {place}, {need}</li>"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<li>body: {_link(content.get('schema', {}))} as <code>{escape(media)}</code></li>"


def _answers(responses: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in responses.items():
        shapes = [_link(each.get("schema", {})) for each in answer.get("content", {}).values()]
        yield f"<li>{status}: {escape(answer['description'])} {' '.join(shapes)}</li>"


def _link(schema: Mapping[str, Any]) -> str:
    name = escape(str(schema.get("$ref", "")).rpartition("/")[2])
    return f'<a href="#{name}">{name}</a>' if name else escape(str(schema.get("type", "")))


def _shapes(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        fields = "".join(
            f"<li><code>{escape(field)}</code>: {_summary(shape)}</li>"
            for field, shape in schema.get("properties", {}).items()
        )
        label = escape(name)
        yield f'<details id="{label}"><summary>{label}</summary><ul>{fields}</ul></details>'


def _summary(shape: Mapping[str, Any]) -> str:
    described = escape(str(shape.get("description", "")))
    return f"{_link(shape)} {described}".strip()
