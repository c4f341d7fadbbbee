"""Contracts of tests, made of the part that differs."""

import json
from collections.abc import Mapping
from typing import Any

from tools.contracts.checks import Finding
from tools.contracts.compare import compare
from tools.contracts.documents import Document, parse

Json = dict[str, Any]


def document(paths: Mapping[str, Any] | None = None, *, version: str = "1.0.0", **members: object) -> Json:
    """Return an OpenAPI document."""
    info = {"title": "Shop", "version": version}
    return {"openapi": "3.1.0", "info": info, "paths": dict(paths or {}), **members}


def operation(**members: object) -> Json:
    """Return a document with one operation, `GET /things`, that has these members."""
    return document({"/things": {"get": {"responses": {}, **members}}})


def content(schema: object) -> Json:
    """Return the `content` of a JSON body."""
    return {"content": {"application/json": {"schema": schema}}}


def request(schema: object, **components: object) -> Json:
    """Return a document with one operation that takes a body of this schema."""
    return operation(requestBody=content(schema)) | {"components": {"schemas": components}}


def response(schema: object, **components: object) -> Json:
    """Return a document with one operation that returns a body of this schema."""
    return operation(responses={"200": content(schema)}) | {"components": {"schemas": components}}


def found(old: Json, new: Json) -> list[Finding]:
    """Compare two documents."""
    return compare(_parsed(old, "old"), _parsed(new, "new"))


def checks(old: Json, new: Json) -> list[str]:
    """Return the checks of the findings; `!` marks a breaking one."""
    return sorted(f"{'!' * each.is_breaking}{each.check}" for each in found(old, new))


def _parsed(value: Json, name: str) -> Document:
    return parse(json.dumps(value).encode(), name=name)
