"""Remove the parts of a contract that no client depends on: descriptions, titles, examples, tags and the version.

The result is equal for two contracts that differ only in descriptions, so an edited description regenerates no client.
"""

import json
from typing import Any

from tools.client_generator.errors import ContractError

Json = dict[str, Any]

_FOR_READERS = {
    "$comment",
    "deprecated",
    "description",
    "example",
    "examples",
    "externalDocs",
    "servers",
    "summary",
    "tags",
    "title",
}
# The keys below these are names, which may be `title` or `description` too.
_MAPS = {
    "$defs",
    "callbacks",
    "content",
    "dependentSchemas",
    "encoding",
    "headers",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
}
# The values of these are data, not parts of the document.
_DATA = {"const", "default", "enum", "mapping", "required", "security"}


def strip(document: Json) -> Json:
    """Return the contract without the parts that no client depends on."""
    stripped = _stripped(document)
    stripped["info"] = {"title": "", "version": ""}
    return stripped


def strip_text(text: str) -> str:
    """Return the text of a contract without the parts that no client depends on, with sorted keys and an empty `info`.

    Raises:
        ContractError: the text is no OpenAPI document.
    """
    document = json.loads(text)
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ContractError("#", "it is no OpenAPI document, which is an object with the member paths")
    return json.dumps(strip(document), indent=1, sort_keys=True) + "\n"


def _stripped(part: Json) -> Json:
    return {key: _value(key, value) for key, value in part.items() if key not in _FOR_READERS}


def _value(key: str, value: object) -> object:
    if key in _DATA or key.startswith("x-"):
        return value
    if key in _MAPS and isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return _stripped(value)
    return [_plain(each) for each in value] if isinstance(value, list) else value
