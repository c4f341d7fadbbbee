"""Each check that is not about a schema, for the change and for its reversal."""

from typing import Any

import pytest

from tools.contracts.checks import CHECKS
from tools.contracts.tests.contracts import checks, content, document, operation, request, response

Json = dict[str, Any]

_STRING = {"type": "string"}


def _parameter(name: str = "q", place: str = "query", **members: object) -> Json:
    return operation(parameters=[{"name": name, "in": place, "schema": _STRING, **members}])


def _at(path: str, *names: str) -> Json:
    parameters = [{"name": name, "in": "path", "required": True, "schema": _STRING} for name in names]
    return document({path: {"get": {"responses": {}, "parameters": parameters}}})


def _object(*names: str, required: tuple[str, ...] = (), **members: object) -> Json:
    return {"type": "object", "properties": dict.fromkeys(names, _STRING), "required": list(required), **members}


def _header(**members: object) -> Json:
    return operation(responses={"200": {"headers": {"ETag": {"schema": _STRING, **members}}}})


def _secured(*security: Json, **scheme: str) -> Json:
    schemes = {"token": {"type": "http", "scheme": "bearer"} | scheme, "key": {"type": "apiKey", "in": "header"}}
    return operation(security=list(security)) | {"components": {"securitySchemes": schemes}}


def _body(**members: object) -> Json:
    return operation(requestBody={**content(_STRING), **members})


_EMPTY = operation()
_TWO = document({"/things": {"get": {"responses": {}}, "put": {"responses": {}}}})
_DEFAULT = {"type": "string", "default": "a"}
_CSV = operation(requestBody={"content": {"text/csv": {"schema": _STRING}, "application/json": {"schema": _STRING}}})
_UNTYPED = operation(requestBody={"content": {"application/json": {}}})
_ENCODED = operation(requestBody={"content": {"application/json": {"schema": _STRING, "encoding": {"a": {}}}}})

CASES: dict[str, tuple[Json, Json, list[str], list[str]]] = {
    "a path": (
        document({"/a": {"get": {"responses": {}}}}),
        document({}),
        ["!api-path-removed-without-deprecation"],
        ["endpoint-added"],
    ),
    "a method": (_TWO, _EMPTY, ["!api-removed-without-deprecation"], ["endpoint-added"]),
    "a deprecated operation": (
        operation(deprecated=True),
        document({}),
        ["!api-removed-with-deprecation"],
        ["endpoint-added"],
    ),
    "deprecation": (_EMPTY, operation(deprecated=True), ["endpoint-deprecated"], ["endpoint-reactivated"]),
    "the operation id": (
        operation(operationId="a"),
        operation(operationId="b"),
        ["!api-operation-id-removed"],
        ["!api-operation-id-removed"],
    ),
    "an operation id at all": (
        _EMPTY,
        operation(operationId="a"),
        ["api-operation-id-added"],
        ["!api-operation-id-removed"],
    ),
    "the name of a path parameter": (
        _at("/a/{x}/{y}", "x", "y"),
        _at("/a/{one}/{y}", "one", "y"),
        ["request-parameter-renamed"],
        ["request-parameter-renamed"],
    ),
    "an optional parameter": (
        _EMPTY,
        _parameter(),
        ["new-optional-request-parameter"],
        ["!request-parameter-removed"],
    ),
    "a required parameter": (
        _EMPTY,
        _parameter(required=True),
        ["!new-required-request-parameter"],
        ["!request-parameter-removed"],
    ),
    "what a parameter is for": (
        _parameter(),
        _parameter(required=True),
        ["!request-parameter-became-required"],
        ["request-parameter-became-optional"],
    ),
    "the case of a header": (_parameter("X-Id", "header"), _parameter("x-id", "header"), [], []),
    "the style of a parameter": (
        _parameter(),
        _parameter(explode=False),
        ["!request-parameter-style-changed"],
        ["!request-parameter-style-changed"],
    ),
    "a default": (
        _parameter(),
        _parameter(schema=_DEFAULT),
        ["!request-parameter-default-value-added"],
        ["!request-parameter-default-value-removed"],
    ),
    "another default": (
        _parameter(schema=_DEFAULT),
        _parameter(schema=_DEFAULT | {"default": "b"}),
        ["!request-parameter-default-value-changed"],
        ["!request-parameter-default-value-changed"],
    ),
    "the length of a parameter": (
        _parameter(),
        _parameter(schema=_STRING | {"maxLength": 3}),
        ["!request-parameter-max-length-set"],
        ["request-parameter-max-length-unset"],
    ),
    "a body": (_EMPTY, _body(), ["request-body-added-optional"], ["!request-body-removed"]),
    "a required body": (_EMPTY, _body(required=True), ["!request-body-added-required"], ["!request-body-removed"]),
    "what a body is for": (
        _body(),
        _body(required=True),
        ["!request-body-became-required"],
        ["request-body-became-optional"],
    ),
    "a media type of a request": (
        _body(),
        _CSV,
        ["request-body-media-type-added"],
        ["!request-body-media-type-removed"],
    ),
    "a schema of a request": (
        _UNTYPED,
        _body(),
        ["!request-body-media-type-schema-added"],
        ["request-body-media-type-schema-removed"],
    ),
    "the encoding of a request": (
        _body(),
        _ENCODED,
        ["!request-body-encoding-changed"],
        ["!request-body-encoding-changed"],
    ),
    "an optional property of a request": (
        request(_object()),
        request(_object("a")),
        ["new-optional-request-property"],
        ["!request-property-removed"],
    ),
    "a required property of a request": (
        request(_object()),
        request(_object("a", required=("a",))),
        ["!new-required-request-property"],
        ["!request-property-removed"],
    ),
    "a required property with a default": (
        request(_object()),
        request({"type": "object", "properties": {"a": _DEFAULT}, "required": ["a"]}),
        ["!new-required-request-property-with-default"],
        ["!request-property-removed"],
    ),
    "what a property of a request is for": (
        request(_object("a")),
        request(_object("a", required=("a",))),
        ["!request-property-became-required"],
        ["request-property-became-optional"],
    ),
    "a default of a property that becomes required": (
        request({"type": "object", "properties": {"a": _DEFAULT}}),
        request({"type": "object", "properties": {"a": _DEFAULT}, "required": ["a"]}),
        ["!request-property-became-required-with-default"],
        ["request-property-became-optional"],
    ),
    "the encoding of a response": (
        operation(responses={"200": content(_STRING)}),
        operation(responses={"200": {"content": {"application/json": {"schema": _STRING, "encoding": {"a": {}}}}}}),
        ["!response-body-encoding-changed"],
        ["!response-body-encoding-changed"],
    ),
    "an optional property of a response": (
        response(_object()),
        response(_object("a")),
        ["response-optional-property-added"],
        ["!response-optional-property-removed"],
    ),
    "a required property of a response": (
        response(_object()),
        response(_object("a", required=("a",))),
        ["response-required-property-added"],
        ["!response-required-property-removed"],
    ),
    "a property of a closed response": (
        response(_object(additionalProperties=False)),
        response(_object("a", additionalProperties=False)),
        ["!response-property-added-to-closed-object"],
        ["!response-optional-property-removed"],
    ),
    "what a property of a response is for": (
        response(_object("a")),
        response(_object("a", required=("a",))),
        ["response-property-became-required"],
        ["!response-property-became-optional"],
    ),
    "a read-only property": (
        request(_object()),
        request({"type": "object", "properties": {"a": {"readOnly": True}}, "required": ["a"]}),
        [],
        [],
    ),
    "a write-only property": (
        response(_object()),
        response({"type": "object", "properties": {"a": {"writeOnly": True}}}),
        [],
        [],
    ),
    "a status of success": (
        operation(responses={"200": {}}),
        operation(responses={"200": {}, "202": {}}),
        ["response-success-status-added"],
        ["!response-success-status-removed"],
    ),
    "a status of an error": (
        operation(responses={"default": content(_object("a"))}),
        operation(responses={"default": content(_object("a")), "409": content(_object("a"))}),
        ["response-non-success-status-added"],
        ["response-non-success-status-removed"],
    ),
    "an error unlike the others": (
        operation(responses={"default": content(_STRING)}),
        operation(responses={"default": content(_STRING), "409": content({"type": "integer"})}),
        ["!response-body-type-changed", "response-non-success-status-added"],
        ["!response-body-type-changed", "response-non-success-status-removed"],
    ),
    "a media type of a response": (
        operation(responses={"200": content(_STRING)}),
        operation(responses={"200": {"content": {"text/csv": {}, **content(_STRING)["content"]}}}),
        ["response-media-type-added"],
        ["!response-media-type-removed"],
    ),
    "a schema of a response": (
        operation(responses={"200": {"content": {"application/json": {}}}}),
        operation(responses={"200": content(_STRING)}),
        ["response-body-media-type-schema-added"],
        ["!response-body-media-type-schema-removed"],
    ),
    "an optional header": (
        operation(responses={"200": {}}),
        _header(),
        ["response-header-added"],
        ["!optional-response-header-removed"],
    ),
    "a required header": (
        operation(responses={"200": {}}),
        _header(required=True),
        ["response-header-added"],
        ["!required-response-header-removed"],
    ),
    "what a header is for": (
        _header(),
        _header(required=True),
        ["response-header-became-required"],
        ["!response-header-became-optional"],
    ),
    "the type of a header": (
        _header(schema={"type": "integer"}),
        _header(schema={"type": "number"}),
        ["!response-header-type-generalized"],
        ["response-header-type-specialized"],
    ),
    "credentials": (_secured(), _secured({"token": []}), ["!api-security-added"], ["api-security-removed"]),
    "an alternative of credentials": (
        _secured({"token": []}),
        _secured({"token": []}, {"key": []}),
        ["api-security-removed"],
        ["!api-security-added"],
    ),
    "a scope": (
        _secured({"token": ["read"]}),
        _secured({"token": ["read", "write"]}),
        ["!api-security-added"],
        ["api-security-removed"],
    ),
    "a scheme": (
        _secured({"token": []}),
        _secured({"token": []}, scheme="basic"),
        ["!api-security-added"],
        ["!api-security-added"],
    ),
    "a callback": (
        _EMPTY,
        operation(callbacks={"done": {"/a": {"post": {}}}}),
        ["!api-callbacks-changed"],
        ["!api-callbacks-changed"],
    ),
    "a webhook": (
        document({}),
        document({}, webhooks={"a": {"post": {}}}),
        ["webhook-added"],
        ["!webhook-removed"],
    ),
    "another webhook": (
        document({}, webhooks={"a": {"post": {}}}),
        document({}, webhooks={"a": {"put": {}}}),
        ["!webhook-changed"],
        ["!webhook-changed"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_and_the_change_back(case: tuple[Json, Json, list[str], list[str]]) -> None:
    """Each has its own check; `!` marks a breaking one."""
    old, new, forth, back = case
    assert checks(old, new) == sorted(forth)
    assert checks(new, old) == sorted(back)


def test_every_check_has_a_case() -> None:
    """Each check is in at least one case."""
    named = {check.removeprefix("!") for _, _, *both in CASES.values() for side in both for check in side}
    assert CHECKS.keys() - named == set()
