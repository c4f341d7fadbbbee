"""The OpenAPI document says what our errors are: RFC 9457 problems, all of them.

A `default` response stands for every status that an operation does not name; with it the framework
leaves its own form of 422 out.
"""

from typing import Any

from fastapi import FastAPI

from libs.web.problems import MEDIA_TYPE

_REFERENCE = {"$ref": "#/components/schemas/Problem"}
PROBLEM_RESPONSE: dict[str, Any] = {
    "description": "What went wrong, as RFC 9457 problem details.",
    "content": {MEDIA_TYPE: {"schema": _REFERENCE}},
}
_PROBLEM = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "`about:blank`, or a stable name to switch on."},
        "title": {"type": "string", "description": "What kind of thing went wrong."},
        "status": {"type": "integer", "description": "The status code."},
        "detail": {"type": "string", "description": "What went wrong this time."},
        "request_id": {"type": "string", "description": "Under which the logs have it."},
        "errors": {
            "type": "array",
            "description": "For an invalid request: each place and what is wrong there.",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "detail"],
                "properties": {
                    "in": {"type": "string"},
                    "pointer": {"type": "string", "description": "RFC 6901."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def describe_problems(app: FastAPI) -> None:
    """Put the schema that `PROBLEM_RESPONSE` refers to into the document of `app`."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        return document

    # The way FastAPI documents; the method is called once and its answer kept.
    app.openapi = openapi  # type: ignore[method-assign]
