"""The keywords of JSON Schema; models are generated from these keywords only.

datamodel-code-generator has additional keywords: `customTypePath`, `customBasePath` and `x-python-type` name modules
that the generated code imports. It also reads the files that a `$ref` names. A contract must cause neither.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tools.client_generator.errors import ContractError

Json = dict[str, Any]

_IDENTIFIER = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_SCHEMAS = "#/components/schemas/"
_OF_A_SCHEMA = {
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
}
_OF_A_LIST = {"allOf", "anyOf", "oneOf", "prefixItems"}
_OF_A_MAP = {"$defs", "dependentSchemas", "patternProperties", "properties"}
_OF_A_VALUE = {
    "const",
    "contentEncoding",
    "contentMediaType",
    "default",
    "dependentRequired",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "nullable",
    "pattern",
    "readOnly",
    "required",
    "type",
    "uniqueItems",
    "writeOnly",
}


def standard_keywords(schema: object, place: str) -> object:
    """Return a schema with the keywords of JSON Schema and OpenAPI only.

    Raises:
        ContractError: it has a reference to something other than a schema of the contract.
    """
    if not isinstance(schema, dict):
        return schema
    kept: Json = {}
    for key, value in schema.items():
        below = f"{place}/{key}"
        if key in _OF_A_VALUE:
            kept[key] = value
        elif key in _OF_A_SCHEMA:
            kept[key] = standard_keywords(value, below)
        elif key in _OF_A_LIST:
            kept[key] = [standard_keywords(each, below) for each in value]
        elif key in _OF_A_MAP:
            kept[key] = {name: standard_keywords(each, f"{below}/{name}") for name, each in value.items()}
        elif key in _CHECKS:
            kept[key] = _CHECKS[key](value, below)
        elif key in {"$dynamicRef", "$id", "$recursiveRef"}:
            raise ContractError(place, f"it has {key}; only $ref to a schema of {_SCHEMAS} is supported")
    return kept


def _identifiers(names: object, place: str) -> object:
    if not isinstance(names, list) or not all(isinstance(name, str) and _IDENTIFIER.fullmatch(name) for name in names):
        raise ContractError(place, "the names of the values of an enum are not identifiers")
    return names


def _discriminator(value: Json, place: str) -> Json:
    mapping = {name: _checked(each, place) for name, each in value.get("mapping", {}).items()}
    return {"propertyName": value["propertyName"], **({"mapping": mapping} if mapping else {})}


def _checked(reference: object, place: str) -> object:
    if not isinstance(reference, str) or not reference.startswith(_SCHEMAS):
        raise ContractError(place, f"the reference {reference} is not one to a schema of {_SCHEMAS}")
    return reference


_CHECKS: Mapping[str, Callable[[Any, str], object]] = {
    "$ref": _checked,
    "discriminator": _discriminator,
    "x-enum-varnames": _identifiers,
}
