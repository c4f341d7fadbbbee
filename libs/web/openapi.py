"""The OpenAPI document says what our errors are: RFC 9457 problems, all of them.

A `default` response stands for every status that an operation does not name.
"""

from typing import Any

from fastapi import FastAPI

from libs.web.problems import MEDIA_TYPE

_REFERENCE = {"$ref": "#/components/schemas/Problem"}
PROBLEM_RESPONSE: dict[str, Any] = {
    "description": "What went wrong, as RFC 9457 problem details.",
    "content": {MEDIA_TYPE: {"schema": _REFERENCE}},
}
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
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
    """Let the document of `app` say so, in place of the framework's own form of 422."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        for name in _FRAMEWORKS_OWN:
            schemas.pop(name, None)
        for item in document["paths"].values():
            for operation in item.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = PROBLEM_RESPONSE
        return document

    # The way FastAPI documents; the method is called once and its answer kept.
    app.openapi = openapi  # type: ignore[method-assign]
