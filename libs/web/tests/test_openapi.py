"""The OpenAPI document: complete, exact, and readable by generators of clients."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from fastapi import FastAPI

from libs.web.contract_testing import contract_faults
from libs.web.settings import WebSettings
from libs.web.strict import MAX_INT64
from libs.web.tests.application import application

Document = dict[str, Any]


@pytest.fixture
def app() -> FastAPI:
    """An application with its document."""
    return application(WebSettings(docs=True))


def test_the_document_has_no_faults(app: FastAPI) -> None:
    """The document of an application with nothing special passes every check."""
    assert contract_faults(app.openapi()) == []


def test_operation_ids_are_the_names_of_functions(app: FastAPI) -> None:
    """Operation ids are function names, without path and method."""
    assert app.openapi()["paths"]["/hot-teapot"]["get"]["operationId"] == "hot_teapot"


def test_integers_have_exact_limits(app: FastAPI) -> None:
    """Limits are written as integers; as a float, the limit would allow 2^63."""
    count = app.openapi()["components"]["schemas"]["Body"]["properties"]["count"]
    assert count["maximum"] == MAX_INT64
    assert type(count["maximum"]) is int


def test_known_problem_types_are_listed(app: FastAPI) -> None:
    """The schema lists the types of the application and of this library, and allows others."""
    schemas = app.openapi()["components"]["schemas"]
    assert {"about:blank", "urn:problem:teapot", "urn:problem:invalid-request"} <= set(schemas["ProblemType"]["enum"])
    assert {"type": "string"} in schemas["Problem"]["properties"]["type"]["anyOf"]


def test_a_route_that_is_added_later_is_described(app: FastAPI) -> None:
    """A route that is added later is in the document, which is generated and completed again."""
    app.openapi()

    @app.get("/later")
    async def read_later() -> None:
        pass

    assert contract_faults(app.openapi()) == []
    assert app.openapi()["paths"]["/later"]["get"]["responses"]["503"] == {
        "$ref": "#/components/responses/ServiceUnavailable"
    }


def _set(*steps: str) -> Callable[[Document, object], None]:
    def change(document: Document, value: object) -> None:
        for step in steps[:-1]:
            document = document[step]
        document[steps[-1]] = value

    return change


_COUNT = ("components", "schemas", "Body", "properties", "count")
_ECHO = ("paths", "/echo", "post")


@pytest.mark.parametrize(
    ("change", "value", "fault"),
    [
        (_set("info", "version"), "0.1.0", "0.1.0 is not a semantic version"),
        (_set(*_ECHO, "operationId"), "livez", "operationId livez is used 2 times"),
        (_set(*_ECHO, "operationId"), "echo_echo_post", "is not the name of a function"),
        (_set(*_ECHO, "responses"), {"default": {}}, "success is not described"),
        (_set(*_ECHO, "responses"), {"200": {}}, "errors are not described"),
        (_set(*_ECHO, "security"), [], "401 and 403 are not described"),
        (_set(*_ECHO, "responses", "default", "$ref"), "#/components/responses/None", "None does not exist"),
        (_set("components", "schemas", "Page_View_"), {}, "the name is not one of a class"),
        (_set(*_COUNT), {"type": "integer", "ge": 0}, "ge is not a keyword of JSON Schema"),
        (_set(*_COUNT), {"type": "integer", "maximum": 9.223372036854776e18}, "is not an integer"),
        (_set(*_COUNT), {"anyOf": [{"type": "integer", "minimum": 0.5}]}, "anyOf/0: the limit 0.5 is not an integer"),
        (_set(*_COUNT), {"type": "number", "minimum": "0"}, "'0' is not of type 'number'"),
        (_set(*_COUNT), {"enum": ["price", "-price"]}, "the members of the enum have no distinct names"),
    ],
)
def test_each_fault_is_found(
    app: FastAPI, change: Callable[[Document, object], None], value: object, fault: str
) -> None:
    """The check of the documents names what is wrong and where."""
    document = deepcopy(app.openapi())
    change(document, value)
    [found] = contract_faults(document)
    assert fault in found
