"""Each check of a schema, in a request and in a response, for the change and for its reversal."""

from dataclasses import dataclass
from typing import Any

import pytest

from tools.contracts.checks import ASPECTS
from tools.contracts.tests.contracts import checks, request, response


@dataclass(frozen=True)
class Case:
    """A change of a property's schema.

    `forth` and `back` are the aspects of the change and of its reversal in a request; `!` marks a breaking aspect. A
    response has the same aspects by default; aspects that are compatible in a request are breaking in a response.
    """

    old: Any
    new: Any
    forth: str
    back: str
    response_forth: str | None = None
    response_back: str | None = None


_STRING: dict[str, Any] = {"type": "string"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_LIST: dict[str, Any] = {"type": "array", "items": _INTEGER}
_OBJECT: dict[str, Any] = {"type": "object"}
_ANY_OF = {"anyOf": [_STRING, _OBJECT]}
_ONE_OF = {"oneOf": [_STRING, _OBJECT]}

CASES = {
    "nullable by a list": Case(_STRING, {"type": ["string", "null"]}, "became-nullable", "!became-not-nullable"),
    "nullable by anyOf": Case(
        _STRING, {"anyOf": [_STRING, {"type": "null"}]}, "became-nullable", "!became-not-nullable"
    ),
    "nullable by an enum": Case({"enum": ["a"]}, {"enum": ["a", None]}, "became-nullable", "!became-not-nullable"),
    "another type": Case(_STRING, _INTEGER, "!type-changed", "!type-changed", "!type-changed", "!type-changed"),
    "a wider number": Case(
        _INTEGER, {"type": "number"}, "type-generalized", "!type-changed", "!type-generalized", "type-specialized"
    ),
    "a format": Case(
        {"type": "string", "format": "uuid"},
        _STRING,
        "type-generalized",
        "!type-changed",
        "!type-generalized",
        "type-specialized",
    ),
    "a wider format": Case(
        {"type": "integer", "format": "int32"},
        {"type": "integer", "format": "int64"},
        "type-generalized",
        "!type-changed",
        "!type-generalized",
        "type-specialized",
    ),
    "another format": Case(
        {"type": "string", "format": "date"},
        {"type": "string", "format": "uuid"},
        "!type-changed",
        "!type-changed",
        "!type-changed",
        "!type-changed",
    ),
    "more types": Case(_STRING, {"type": ["string", "integer"]}, "list-of-types-widened", "!list-of-types-narrowed"),
    "an alternative of anyOf": Case(_ANY_OF, {"anyOf": [*_ANY_OF["anyOf"], _LIST]}, "any-of-added", "!any-of-removed"),
    "an alternative of oneOf": Case(_ONE_OF, {"oneOf": [*_ONE_OF["oneOf"], _LIST]}, "one-of-added", "!one-of-removed"),
    "a value of an enum": Case(
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "enum": ["a", "b", "c"]},
        "enum-value-added",
        "!enum-value-removed",
    ),
    "a const and an enum": Case({"const": "a"}, {"enum": ["a", "b"]}, "enum-value-added", "!enum-value-removed"),
    "another const": Case(
        {"const": "a"}, {"const": "b"}, "!const-changed", "!const-changed", "!const-changed", "!const-changed"
    ),
    "an enum at all": Case({"type": "string", "enum": ["a"]}, _STRING, "enum-removed", "!became-enum"),
    "a pattern": Case(
        {"type": "string", "pattern": "a"},
        _STRING,
        "pattern-removed",
        "!pattern-added",
        "pattern-removed",
        "pattern-added",
    ),
    "another pattern": Case(
        {"type": "string", "pattern": "a"},
        {"type": "string", "pattern": "b"},
        "!pattern-changed",
        "!pattern-changed",
        "pattern-changed",
        "pattern-changed",
    ),
    "minLength": Case({"type": "string", "minLength": 2}, _STRING, "min-length-decreased", "!min-length-increased"),
    "multipleOf": Case({"type": "integer", "multipleOf": 2}, _INTEGER, "multiple-of-removed", "!multiple-of-added"),
    "another multipleOf": Case(
        {"type": "integer", "multipleOf": 2},
        {"type": "integer", "multipleOf": 3},
        "!multiple-of-changed",
        "!multiple-of-changed",
        "!multiple-of-changed",
        "!multiple-of-changed",
    ),
    "uniqueItems": Case(_LIST | {"uniqueItems": True}, _LIST, "unique-items-removed", "!unique-items-added"),
    "a fixed position": Case(
        {"type": "array", "prefixItems": [_STRING]},
        {"type": "array", "prefixItems": [_STRING, _STRING]},
        "prefix-items-added",
        "!prefix-items-removed",
    ),
    "the type of an item": Case(
        _LIST,
        {"type": "array", "items": {"type": "number"}},
        "type-generalized",
        "!type-changed",
        "!type-generalized",
        "type-specialized",
    ),
    "other properties": Case(
        _OBJECT | {"additionalProperties": False},
        _OBJECT,
        "additional-properties-allowed",
        "!additional-properties-forbidden",
    ),
    "the type of other properties": Case(
        _OBJECT | {"additionalProperties": _INTEGER},
        _OBJECT | {"additionalProperties": {"type": "number"}},
        "type-generalized",
        "!type-changed",
        "!type-generalized",
        "type-specialized",
    ),
    "an unknown keyword": Case(
        _STRING,
        {"type": "string", "nullable": True},
        "!unknown-keyword",
        "!unknown-keyword",
        "!unknown-keyword",
        "!unknown-keyword",
    ),
    "a discriminator": Case(
        _ONE_OF,
        _ONE_OF | {"discriminator": {"propertyName": "kind"}},
        "discriminator-added",
        "discriminator-removed",
        "discriminator-added",
        "discriminator-removed",
    ),
    "another discriminator": Case(
        _ONE_OF | {"discriminator": {"propertyName": "kind"}},
        _ONE_OF | {"discriminator": {"propertyName": "type"}},
        "!discriminator-property-name-changed",
        "!discriminator-property-name-changed",
        "!discriminator-property-name-changed",
        "!discriminator-property-name-changed",
    ),
    "a value of a discriminator": Case(
        _ONE_OF | {"discriminator": {"propertyName": "kind"}},
        _ONE_OF | {"discriminator": {"propertyName": "kind", "mapping": {"a": "A"}}},
        "discriminator-mapping-added",
        "!discriminator-mapping-deleted",
    ),
    "another target of a discriminator": Case(
        _ONE_OF | {"discriminator": {"propertyName": "kind", "mapping": {"a": "A"}}},
        _ONE_OF | {"discriminator": {"propertyName": "kind", "mapping": {"a": "B"}}},
        "!discriminator-mapping-changed",
        "!discriminator-mapping-changed",
        "!discriminator-mapping-changed",
        "!discriminator-mapping-changed",
    ),
}

_UPPER = {
    "maximum": ("max", _INTEGER),
    "exclusiveMaximum": ("exclusive-max", _INTEGER),
    "maxLength": ("max-length", _STRING),
    "maxItems": ("max-items", _LIST),
    "maxProperties": ("max-properties", _OBJECT),
    "maxContains": ("max-contains", _LIST),
}
_LOWER = {
    "minimum": ("min", _INTEGER),
    "exclusiveMinimum": ("exclusive-min", _INTEGER),
    "minItems": ("min-items", _LIST),
}
for keyword, (name, base) in _UPPER.items():
    CASES[f"{keyword} at all"] = Case(base | {keyword: 5}, base, f"{name}-unset", f"!{name}-set")
    CASES[keyword] = Case(base | {keyword: 5}, base | {keyword: 6}, f"{name}-increased", f"!{name}-decreased")
for keyword, (name, base) in _LOWER.items():
    CASES[f"{keyword} at all"] = Case(base | {keyword: 5}, base, f"{name}-unset", f"!{name}-set")
    CASES[keyword] = Case(base | {keyword: 5}, base | {keyword: 4}, f"{name}-decreased", f"!{name}-increased")
for keyword, name, base in (
    ("minProperties", "min-properties", _OBJECT),
    ("minContains", "min-contains", _LIST),
):
    CASES[keyword] = Case(base | {keyword: 5}, base | {keyword: 4}, f"{name}-decreased", f"!{name}-increased")

_WHOLE = {
    "not": ("not", _STRING, _INTEGER),
    "if": ("if", _STRING, _INTEGER),
    "then": ("then", _STRING, _INTEGER),
    "else": ("else", _STRING, _INTEGER),
    "contains": ("contains", _STRING, _INTEGER),
    "dependentRequired": ("dependent-required", {"a": ["b"]}, {"title": ["b"]}),
    "dependentSchemas": ("dependent-schema", {"a": _STRING}, {"title": _STRING}),
    "patternProperties": ("pattern-property", {"a": _STRING}, {"a": _INTEGER}),
    "propertyNames": ("property-names", {"maxLength": 3}, {"maxLength": 4}),
    "unevaluatedItems": ("unevaluated-items", False, _STRING),
    "unevaluatedProperties": ("unevaluated-properties", False, _STRING),
    "contentSchema": ("content-schema", _STRING, _INTEGER),
    "contentMediaType": ("content-media-type", "text/csv", "text/html"),
    "contentEncoding": ("content-encoding", "base64", "base32"),
}
for keyword, (name, one, other) in _WHOLE.items():
    CASES[f"{keyword} at all"] = Case({keyword: one}, {}, f"{name}-removed", f"!{name}-added")
    CASES[keyword] = Case({keyword: one}, {keyword: other}, *([f"!{name}-changed"] * 4))


def _mirrored(aspect: str) -> str:
    return aspect.removeprefix("!") if aspect.startswith("!") else f"!{aspect}"


def _expected(place: str, aspect: str) -> list[str]:
    mark = "!" if aspect.startswith("!") else ""
    return [f"{mark}{place}-property-{aspect.removeprefix('!')}"]


def _with(schema: object) -> dict[str, Any]:
    return {"type": "object", "properties": {"value": schema}}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_request_must_not_become_narrower(case: Case) -> None:
    """Accepting more in a request is compatible, and the reversal is breaking."""
    old, new = request(_with(case.old)), request(_with(case.new))
    assert checks(old, new) == _expected("request", case.forth)
    assert checks(new, old) == _expected("request", case.back)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_response_must_not_become_wider(case: Case) -> None:
    """Promising more in a response is compatible, and the reversal is breaking."""
    old, new = response(_with(case.old)), response(_with(case.new))
    assert checks(old, new) == _expected("response", case.response_forth or _mirrored(case.forth))
    assert checks(new, old) == _expected("response", case.response_back or _mirrored(case.back))


def test_every_aspect_has_a_case() -> None:
    """Each aspect is in at least one case."""
    cases = CASES.values()
    named = {aspect for case in cases for aspect in (case.forth, case.back, case.response_forth, case.response_back)}
    assert ASPECTS.keys() - {aspect.removeprefix("!") for aspect in named if aspect} == set()
