"""Invalid requests for every operation, generated from the application's OpenAPI document."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
from fastapi import FastAPI

_JSON = {"Content-Type": "application/json"}
_MALFORMED = (
    b"{",
    b"[" * 100_000,
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 1, "a": 2}',
    b'{"a": "\\ud800"}',
    b'{"\\udfff": 1}',
    b'{"a": "\\u0000"}',
    b'{"a": "\xff"}',
    b'{"a": ' + b"1" * 5000 + b"}",
    b'\xef\xbb\xbf{"a": 1}',
    '{"a": 1}'.encode("utf-16"),
)
_NO_OBJECTS = (b"", b"null", b"[]", b"1")
_NO_INTEGERS = (str(2**63), str(-(2**63) - 1), "1" * 30, "true", '"1"', "1.5", "1e400", "null", "[1]")
_NO_TEXTS = ("1", "true", '["a"]', '{"a": 1}')
_NO_NATURALS = ("-1", "%2B1", " 1", "1.0", "1_0", "1e2", "\N{FULLWIDTH DIGIT ONE}", "NaN", "x", "", "true", str(2**63))
_NO_LIMITS = ("0", "101", str(2**31))
_NO_CURSORS = ("", "x", "%00", "%ff", *(base64.urlsafe_b64encode(each).decode() for each in (b"[1e400]", b"[NaN,1]")))
_NO_IDS = ("%00", "%ff", "%ED%A0%80", "x" * 300, quote("' OR '1'='1", safe=""), str(2**63), "NaN")


@dataclass(frozen=True, slots=True)
class InvalidRequest:
    """One invalid request; the caller fills in the `{parameters}` of `path`."""

    method: str
    path: str
    query: str = ""
    body: bytes | None = None
    status: int = 422
    pointer: str | None = None
    """JSON pointer that the response has to name."""

    def is_rejected_by(self, answer: httpx2.Response) -> bool:
        """Return whether the response has the expected status, type and pointer."""
        if (answer.status_code, answer.headers["content-type"]) != (self.status, "application/problem+json"):
            return False
        return self.pointer in (None, *(error["pointer"] for error in answer.json().get("errors", ())))


async def accepted(
    app: FastAPI,
    client: httpx2.AsyncClient,
    headers: Mapping[str, str],
    places: Mapping[str, str],
    *,
    headers_by_path: Mapping[str, Mapping[str, str]] | None = None,
) -> list[tuple[InvalidRequest, str]]:
    """Send every invalid request; return the ones that were not rejected as expected, with the response text.

    Args:
        app: the application that describes its operations.
        client: a client of the application.
        headers: request headers of a caller that may call every operation.
        places: values of the path parameters.
        headers_by_path: headers of another caller, for the operations of some paths.

    Raises:
        KeyError: `places` lacks a path parameter.
    """
    found = []
    for each in invalid_requests(app):
        path = each.path.format_map(places)
        own = (headers_by_path or {}).get(each.path, headers)
        answer = await client.request(each.method, path, params=each.query, content=each.body, headers={**own, **_JSON})
        if not each.is_rejected_by(answer):
            found.append((each, answer.text))
    return found


def invalid_requests(app: FastAPI) -> Iterator[InvalidRequest]:
    """Yield invalid bodies, queries and paths for every operation that takes them."""
    document = app.openapi()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = (method.upper(), path)
            yield from _bodies(name, operation, document["components"]["schemas"])
            yield from _queries(name, operation)
            yield from _paths(name, operation)


def _bodies(
    name: tuple[str, str], operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> Iterator[InvalidRequest]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    yield from (InvalidRequest(*name, body=body, status=400) for body in _MALFORMED)
    yield from (InvalidRequest(*name, body=body) for body in _NO_OBJECTS)
    yield InvalidRequest(*name, body=b'{"unknown": 1}', pointer="/unknown")
    for field, schema in schemas[content["schema"]["$ref"].rpartition("/")[2]]["properties"].items():
        wrong = {"integer": _NO_INTEGERS, "string": _NO_TEXTS}.get(schema.get("type"), ())
        for value in wrong:
            yield InvalidRequest(*name, body=f'{{"{field}": {value}}}'.encode(), pointer=f"/{field}")


def _queries(name: tuple[str, str], operation: Mapping[str, Any]) -> Iterator[InvalidRequest]:
    known = {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    if known:
        yield InvalidRequest(*name, query="unknown=1", pointer="/unknown")
    for field, schema in known.items():
        wrong = {"limit": _NO_LIMITS, "cursor": _NO_CURSORS}.get(field, ())
        natural = any(each.get("type") == "integer" for each in (schema, *schema.get("anyOf", ())))
        for value in (*wrong, *(_NO_NATURALS if natural else ())):
            yield InvalidRequest(*name, query=f"{field}={value}", pointer=f"/{field}")


def _paths(name: tuple[str, str], operation: Mapping[str, Any]) -> Iterator[InvalidRequest]:
    method, path = name
    for each in operation.get("parameters", ()):
        if each["in"] == "path":
            yield from (InvalidRequest(method, path.replace(f"{{{each['name']}}}", value)) for value in _NO_IDS)
