"""Check an OpenAPI document for faults that validators accept but that break generated clients.

Tests of every service call `contract_faults`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

Json = Mapping[str, Any]

_ANNOTATIONS = {"$comment", "default", "deprecated", "description", "examples", "readOnly", "title", "writeOnly"}
_KEYWORDS = _ANNOTATIONS.union(Draft202012Validator.VALIDATORS, {"$anchor", "$defs", "$id", "$schema", "format"})
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_SUBSCHEMAS = ("items", "additionalProperties", "not", "contains", "propertyNames")
_SUBSCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")


def contract_faults(document: Json) -> list[str]:
    """Return the faults of an OpenAPI 3.1 document, each as one sentence with its place."""
    return [
        *_info_faults(document["info"]),
        *_operation_faults(document),
        *_reference_faults(document, document, "#"),
        *_name_faults(document["components"]),
        *(fault for place, schema in _root_schemas(document, "#") for fault in _schema_faults(schema, place)),
    ]


def _info_faults(info: Json) -> Iterator[str]:
    if not re.fullmatch(r"[1-9]\d*\.\d+\.\d+", info["version"]):
        yield f"#/info/version: {info['version']} is not a semantic version from 1.0.0 on"


def _operation_faults(document: Json) -> Iterator[str]:
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    ids = Counter(operation["operationId"] for _, operation in operations)
    yield from (f"operationId {name} is used {count} times" for name, count in ids.items() if count > 1)
    for place, operation in operations:
        name, responses = operation["operationId"], operation["responses"]
        if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name) or re.search(r"_(get|put|post|patch|delete)$", name):
            yield f"{place}: operationId {name} is not the name of a function"
        if "default" not in responses:
            yield f"{place}: errors are not described"
        if "security" in operation and not {"401", "403"} <= responses.keys():
            yield f"{place}: 401 and 403 are not described"
        if not any(status.startswith("2") for status in responses):
            yield f"{place}: success is not described"


def _reference_faults(document: Json, value: object, place: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        target = value.get("$ref")
        if isinstance(target, str) and not _resolves(document, target):
            yield f"{place}: {target} does not exist"
        for name, each in value.items():
            yield from _reference_faults(document, each, f"{place}/{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _reference_faults(document, each, f"{place}/{index}")


def _resolves(document: Json, target: str) -> bool:
    found: object = document
    for step in target.removeprefix("#/").split("/"):
        if not isinstance(found, Mapping) or step not in found:
            return False
        found = found[step]
    return True


def _name_faults(components: Json) -> Iterator[str]:
    for kind, named in components.items():
        for name in named:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", name):
                yield f"#/components/{kind}/{name}: the name is not one of a class"


def _root_schemas(value: object, place: str) -> Iterator[tuple[str, Json]]:
    """Yield the schemas that are not part of another schema, with their places."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            below = f"{place}/{name}"
            if name == "schema":
                yield below, each
            elif name == "schemas" and place == "#/components":
                yield from ((f"{below}/{key}", schema) for key, schema in each.items())
            else:
                yield from _root_schemas(each, below)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _root_schemas(each, f"{place}/{index}")


def _schema_faults(schema: Json, place: str) -> Iterator[str]:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield f"{place}: {error.message}"
        return
    for below, each in _with_subschemas(schema, place):
        unknown = [name for name in each if name not in _KEYWORDS and not name.startswith("x-")]
        yield from (f"{below}: {name} is not a keyword of JSON Schema" for name in unknown)
        if each.get("type") == "integer":
            limits = [each[name] for name in _LIMITS if name in each]
            yield from (f"{below}: the limit {limit} is not an integer" for limit in limits if type(limit) is not int)
        if "enum" in each:
            yield from _enum_faults(each, below)


def _with_subschemas(schema: Json, place: str) -> Iterator[tuple[str, Json]]:
    yield place, schema
    below = {name: schema[name] for name in _SUBSCHEMAS if isinstance(schema.get(name), Mapping)}
    below |= {f"{name}/{index}": each for name in _SUBSCHEMA_LISTS for index, each in enumerate(schema.get(name, ()))}
    below |= {f"properties/{name}": each for name, each in schema.get("properties", {}).items()}
    for name, each in below.items():
        yield from _with_subschemas(each, f"{place}/{name}")


def _enum_faults(schema: Json, place: str) -> Iterator[str]:
    """Members get names from their values, and two values such as `a` and `-a` give the same name."""
    names = schema.get("x-enum-varnames") or [re.sub(r"\W+", "_", str(value)).strip("_") for value in schema["enum"]]
    if len(set(names)) != len(schema["enum"]) or not all(map(str.isidentifier, names)):
        yield f"{place}: the members of the enum have no distinct names"
