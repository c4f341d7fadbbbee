"""Complete the OpenAPI document that FastAPI generates.

FastAPI describes parameters, request bodies and successful responses. `complete_description` adds the rest: every
error is an RFC 9457 problem, some errors have headers, and the limits of integers are exact.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from enum import StrEnum
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from libs.web.problems import MEDIA_TYPE, ProblemTable, problem_types
from libs.web.strict import MAX_INT64

Json = dict[str, Any]

_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_INTEGER_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def _header(description: str, *, is_required: bool, **schema: object) -> Json:
    return {"description": description, "required": is_required, "schema": schema}


ETAG: Json = {"ETag": _header("The version. Send it as `If-Match` with a change.", is_required=True, type="string")}
LOCATION: Json = {
    "Location": _header(
        "The path of the new resource (RFC 9110, section 10.2.2).",
        is_required=True,
        type="string",
        format="uri-reference",
    )
}
CHALLENGE: Json = {
    "WWW-Authenticate": _header("How to authenticate (RFC 9110, section 11.6.1).", is_required=False, type="string")
}
_RETRY_AFTER: Json = {
    "Retry-After": _header("Seconds to wait before the next attempt.", is_required=False, type="integer", minimum=0)
}


def response_headers(status: int, *headers: Json) -> dict[int | str, Json]:
    """Return the argument `responses` of a route whose response with this status has these headers."""
    return {status: {"headers": {name: value for each in headers for name, value in each.items()}}}


def error_responses(*statuses: int) -> dict[int | str, Json]:
    """Return the argument `responses` of a route with these errors: 401, 403, 429 or 503, whose headers are described.

    A route with an access token has 401 and 403 without this, and every route has 503.
    """
    return {status: {} for status in statuses}


def _problem(description: str, headers: Json | None = None) -> Json:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content} | ({"headers": headers} if headers else {})


_RESPONSES: Mapping[str, tuple[str, Json]] = {
    "401": ("Unauthorized", _problem("The credentials are missing or not valid.", CHALLENGE)),
    "403": ("Forbidden", _problem("The access token does not allow this.", CHALLENGE)),
    "429": ("TooManyRequests", _problem("There were too many attempts.", _RETRY_AFTER)),
    "503": ("ServiceUnavailable", _problem("The service cannot do this at present.", _RETRY_AFTER)),
    "default": ("Problem", _problem("Any other error, as RFC 9457 problem details.")),
}
"""Name and content of the components that describe errors, by status."""

_INVALID_VALUE: Json = {
    "title": "InvalidValue",
    "type": "object",
    "required": ["in", "pointer", "detail"],
    "properties": {
        "in": {"type": "string", "description": "The part of the request, such as `body` or `query`."},
        "pointer": {"type": "string", "description": "The place in that part, as a JSON pointer (RFC 6901)."},
        "detail": {"type": "string", "description": "The error of the value."},
    },
}
_PROBLEM: Json = {
    "title": "Problem",
    "description": "Problem details of an error (RFC 9457). Some types have further members.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        # Clients have to accept unknown types, so the list is not closed.
        "type": {
            "anyOf": [{"$ref": "#/components/schemas/ProblemType"}, {"type": "string"}],
            "title": "Type",
            "description": "The stable name of the kind of error.",
        },
        "title": {"type": "string", "title": "Title", "description": "The kind of error, in words."},
        "status": {"type": "integer", "title": "Status", "description": "The status code."},
        "detail": {"type": "string", "title": "Detail", "description": "What went wrong this time."},
        "request_id": {"type": "string", "title": "Request Id", "description": "The id of the request in the logs."},
        "errors": {
            "type": "array",
            "title": "Errors",
            "description": "For `urn:problem:invalid-request`: each invalid value.",
            "items": {"$ref": "#/components/schemas/InvalidValue"},
        },
    },
}


class NamedEnum(StrEnum):
    """Base of an enum with values that give the same name in a generated client, such as `price` and `-price`."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema with the names of the members."""
        described = handler(schema)
        handler.resolve_ref_schema(described)["x-enum-varnames"] = [member.name for member in cls]
        return described


def operation_id(route: APIRoute) -> str:
    """Return the name of the route's function as its operation id; generated clients name their methods by it."""
    return route.name


def complete_description(app: FastAPI, problems: ProblemTable) -> None:
    """Complete the document of `app`; `problems` are the errors of the service."""
    generate = app.openapi
    types = problem_types(problems)

    def openapi() -> Json:
        document = generate()
        _add_components(document.setdefault("components", {}), types)
        for path in document["paths"].values():
            for operation in path.values():
                _complete_operation(operation)
        _make_limits_exact(document)
        return document

    # FastAPI documents this way of extending the document.
    app.openapi = openapi  # type: ignore[method-assign]


def _add_components(components: Json, types: list[str]) -> None:
    schemas = components.setdefault("schemas", {})
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["Problem"] = deepcopy(_PROBLEM)
    names = [each.removeprefix("urn:problem:").replace(":", "_").replace("-", "_").upper() for each in types]
    schemas["ProblemType"] = {"title": "ProblemType", "type": "string", "enum": types, "x-enum-varnames": names}
    schemas["InvalidValue"] = deepcopy(_INVALID_VALUE)
    components["responses"] = deepcopy(dict(_RESPONSES.values()))


def _complete_operation(operation: Json) -> None:
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        # This is FastAPI's own form of the error. `default` covers the status.
        del responses["422"]
    for status in ("401", "403") if "security" in operation else ():
        responses.setdefault(status, {})
    for status in ("503", "default"):
        responses.setdefault(status, {})
    for status, (name, _) in _RESPONSES.items():
        if status in responses and "content" not in responses[status]:
            responses[status] = {"$ref": f"#/components/responses/{name}"}


def _without_null(schema: Json) -> Json:
    """Return the schema of a parameter without `null`, which no header, path or query can carry."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**rest, **choices[0]}


def _make_limits_exact(document: Json) -> None:
    """Write the limits of integers as integers. FastAPI holds them as floats, which have 53 bits."""
    for schema in _objects(document):
        if schema.get("type") == "integer":
            schema.update({name: _exact(schema[name]) for name in _INTEGER_LIMITS if name in schema})


def _exact(limit: float) -> int:
    return MAX_INT64 if limit == float(MAX_INT64) else int(limit)


def _objects(value: object) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)
