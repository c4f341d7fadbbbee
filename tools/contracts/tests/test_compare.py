"""Equal contracts, references, alternatives, pointers and invalid documents."""

import json
from typing import Any

import pytest

from tools.contracts.checks import Direction
from tools.contracts.compare import compare
from tools.contracts.documents import MAX_BYTES, parse
from tools.contracts.errors import ContractError
from tools.contracts.tests.contracts import checks, document, found, operation, request, response

Json = dict[str, Any]

_STRING: Json = {"type": "string"}
_INTEGER: Json = {"type": "integer"}
_TREE = "#/components/schemas/Tree"


def _tree(leaf: Json) -> Json:
    return {"type": "object", "properties": {"leaf": leaf, "left": {"$ref": _TREE}, "right": {"$ref": _TREE}}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_STRING | {"title": "A", "description": "a", "examples": ["a"]}, _STRING),
        ({"anyOf": [_STRING, _INTEGER]}, {"anyOf": [_INTEGER, _STRING]}),
        ({"anyOf": [_STRING, {"type": "null"}]}, {"type": ["null", "string"]}),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["b", "a"]}),
        ({"allOf": [{"$ref": "#/components/schemas/A"}, {"maxLength": 3}]}, {"type": "string", "maxLength": 3}),
        ({"allOf": [{"maxLength": 5}, {"maxLength": 3}], "type": "string"}, {"type": "string", "maxLength": 3}),
        ({"anyOf": [_STRING, {"type": "string", "enum": ["a"]}]}, {"anyOf": [{"enum": ["b"]}, _STRING]}),
        ({"$ref": "#/components/schemas/A", "description": "a"}, _STRING),
        ({"type": "integer", "maximum": 3}, {"type": "integer", "maximum": 3.0}),
        (True, {}),
        ({"x-enum-varnames": ["A"], **_STRING}, _STRING),
    ],
)
def test_another_way_to_say_the_same_does_not_count(old: Any, new: Any) -> None:  # noqa: ANN401 - any schema
    """Titles, order, `allOf`, references and both ways to allow null make no difference."""
    for make in (request, response):
        assert checks(make(old, A=_STRING), make(new, A=_STRING)) == []
        assert checks(make(new, A=_STRING), make(old, A=_STRING)) == []


def test_properties_of_all_branches_are_compared() -> None:
    """Moving a property into an `allOf` is no change, but a changed type there is found."""
    old = {"type": "object", "properties": {"a": _STRING, "b": _STRING}}
    parts: list[Json] = [{"type": "object", "properties": {name: _STRING}} for name in "ab"]
    assert checks(request(old), request({"allOf": parts})) == []
    parts[1]["properties"]["b"] = _INTEGER
    assert checks(request(old), request({"allOf": parts})) == ["!request-property-type-changed"]


def test_schemas_may_refer_to_themselves() -> None:
    """A change in a recursive schema is found once, at its location."""
    old, new = (response({"$ref": _TREE}, Tree=_tree(leaf)) for leaf in (_STRING, _INTEGER))
    [finding] = found(old, new)
    assert (finding.check, finding.pointer) == (
        "response-property-type-changed",
        "#/components/schemas/Tree/properties/leaf",
    )
    assert (finding.operation, finding.direction) == ("GET /things", Direction.RESPONSE)


def test_a_shared_schema_counts_for_each_direction() -> None:
    """A new required property is breaking in requests only."""
    old, new = ({"type": "object", "properties": {"a": _STRING}, "required": required} for required in ([], ["a"]))
    both = [
        operation(
            requestBody={"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
            responses={"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
        )
        | {"components": {"schemas": {"A": schema}}}
        for schema in (old, new)
    ]
    assert checks(*both) == ["!request-property-became-required", "response-property-became-required"]


def test_alternatives_are_compared_with_those_of_their_name() -> None:
    """Alternatives are compared with those of the same named schema, and a removed alternative is breaking."""
    cat = {"type": "object", "properties": {"kind": {"const": "cat"}}, "required": ["kind"]}
    dog: Json = {"type": "object", "properties": {"kind": {"const": "dog"}}, "required": ["kind"]}
    union = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}
    longer = dog | {"properties": {**dog["properties"], "name": _STRING}}
    assert checks(request(union, Cat=cat, Dog=dog), request(union, Cat=cat, Dog=longer)) == [
        "new-optional-request-property"
    ]
    only = {"oneOf": union["oneOf"][:1]}
    assert checks(request(union, Cat=cat, Dog=dog), request(only, Cat=cat)) == ["!request-body-one-of-removed"]


def test_pointers_escape_their_steps() -> None:
    """RFC 6901: `/` is `~1` and `~` is `~0`."""
    old = document({"/a": {"get": {"operationId": "a", "responses": {}}}})
    new = document({"/a": {"get": {"operationId": "b", "responses": {}}}})
    assert [each.pointer for each in found(old, new)] == ["#/paths/~1a/get/operationId"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"{", "new: is not JSON: "),
        (b"\xff", "new: is not JSON: "),
        (b"[]", "new: is not a JSON object"),
        (b'{"a": NaN}', "new: is not JSON: NaN is not JSON"),
        (b'{"openapi": "3.0.3"}', "new: is OpenAPI 3.0.3; only OpenAPI 3.1 is compared"),
        (b'{"swagger": "2.0"}', "new: is Swagger 2.0; only OpenAPI 3.1 is compared"),
        (b"{}", "new: has no version in `openapi`; only OpenAPI 3.1 is compared"),
        (b"[" * 100_000, "new: is nested too deeply"),
        (b" " * (MAX_BYTES + 1), f"new: has {MAX_BYTES + 1} bytes; contracts have at most {MAX_BYTES}"),
    ],
    ids=["cut", "not UTF-8", "a list", "NaN", "3.0", "Swagger", "no version", "deep", "huge"],
)
def test_what_is_no_contract_is_one_sentence(data: bytes, sentence: str) -> None:
    """The error for an invalid contract has the file and the reason."""
    with pytest.raises(ContractError) as raised:
        parse(data, name="new")
    assert str(raised.value).startswith(sentence)


def _nested(depth: int) -> Json:
    schema = _STRING
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (request({"$ref": "#/components/schemas/A"}), "$ref '#/components/schemas/A' names nothing in the document"),
        (request({"$ref": "other.json"}), "$ref 'other.json' leads out of the document"),
        (document({"/things": []}), "#/paths/~1things is not an object"),
        (operation(parameters=[{"name": "a"}]), "/parameters/0 is not a parameter with `name` and `in`"),
        (request({"type": "text"}), "/schema/type is not a type of JSON Schema"),
        (request({"type": "string", "maxLength": "3"}), "/maxLength is not a number"),
        (request({"anyOf": {}}), "/anyOf is not a list"),
        (operation(security=[{"token": []}]), "/token is not the name of a security scheme"),
        (document({"/{a}": {"get": {}}, "/{b}": {"get": {}}}), "/{b} and /{a} are the same path"),
        (operation(requestBody={"$ref": "#/a"}) | {"a": {"$ref": "#/a"}}, "the chain of $ref has no end"),
        (request({"allOf": [{"anyOf": [_STRING] * 17}] * 2}), "has 289 alternatives, too many to compare"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(new: Json, sentence: str) -> None:
    """The error for a contract that cannot be compared has the document, the location and the reason."""
    old = request(_STRING)
    with pytest.raises(ContractError) as raised:
        found(old, new)
    assert sentence in str(raised.value)
    assert str(raised.value).startswith("new: ")


def test_deep_schemas_are_one_sentence() -> None:
    """Valid schemas that are nested too deeply for the comparison are a one-line error."""
    text = json.dumps(request(_nested(300))).encode()
    with pytest.raises(ContractError, match="is nested too deeply to compare"):
        compare(parse(text, name="old"), parse(text, name="new"))
