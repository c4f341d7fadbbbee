"""The Python type of a schema, as an expression of generated code."""

from typing import Any

from tools.client_generator.errors import ContractError
from tools.client_generator.names import class_name

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_PRIMITIVES = {"boolean": "bool", "integer": "int", "null": "None", "number": "float", "string": "str"}
_STRING_FORMATS = {
    "binary": "bytes",
    "date": "datetime.date",
    "date-time": "datetime.datetime",
    "uuid": "uuid.UUID",
}


def hoist(schema: Json, name: str, schemas: Json) -> Json:
    """Move the objects in an inline schema of an operation to `schemas` and return a reference to them.

    Only schemas with a name become classes.
    """
    if "properties" in schema or "allOf" in schema:
        taken = name
        while taken in schemas:
            taken += "_"
        schemas[taken] = schema
        return {"$ref": _SCHEMAS + taken}
    hoisted = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            hoisted[key] = hoist(schema[key], f"{name}Item", schemas)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            hoisted[key] = [hoist(each, f"{name}{number}", schemas) for number, each in enumerate(schema[key], start=1)]
    return hoisted


def python_type(schema: Json, place: str) -> str:
    """Return the type as an expression, such as `list[models.UserView] | None`."""
    if "$ref" in schema:
        return "models." + model_name(schema["$ref"], place)
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return "Literal[" + ", ".join(map(repr, schema["enum"])) + "]"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _union([python_type(each, place) for each in schema[key]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union([python_type({**schema, "type": each}, place) for each in kind])
    return _by_kind(schema, kind, place)


def _by_kind(schema: Json, kind: str | None, place: str) -> str:
    match kind:
        case None:
            return "object"
        case "array":
            return f"list[{python_type(schema.get('items', {}), place)}]"
        case "object":
            values = schema.get("additionalProperties", True)
            return f"dict[str, {python_type(values, place) if isinstance(values, dict) else 'object'}]"
        case "string":
            return _STRING_FORMATS.get(schema.get("format", ""), "str")
        case _ if kind in _PRIMITIVES:
            return _PRIMITIVES[kind]
    raise ContractError(place, f"the type {kind} is not one of JSON Schema")


def model_name(reference: str, place: str) -> str:
    """Return the name of the class for a reference to a schema."""
    name = reference.removeprefix(_SCHEMAS)
    if not reference.startswith(_SCHEMAS) or "/" in name:
        raise ContractError(place, f"the reference {reference} is not one to a schema of #/components/schemas")
    return class_name(name)


def _union(types: list[str]) -> str:
    # Remove duplicate types from the union; None comes last.
    distinct = [each for each in dict.fromkeys(types) if each != "None"]
    return " | ".join([*distinct, *(["None"] if "None" in types else [])]) or "None"
