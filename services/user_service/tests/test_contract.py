"""The OpenAPI document of the service: readable by generators of clients."""

from fastapi import FastAPI

from libs.web.contract_testing import contract_faults
from services.user_service.problems import PROBLEMS


def test_the_document_has_no_faults(app: FastAPI) -> None:
    """Operation ids, names, integers, references and keywords are what generators of clients need."""
    assert contract_faults(app.openapi()) == []


def test_names_are_those_of_the_domain(app: FastAPI) -> None:
    """A generated client has methods, pages, roles and types of problems with readable names."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    assert document["paths"]["/admin/users"]["get"]["operationId"] == "list_users"
    assert {"UserView", "AccountPage", "RoleName", "OAuthErrorView"} <= schemas.keys()
    assert {f"urn:problem:{problem.kind}" for problem in PROBLEMS.values()} <= set(schemas["ProblemType"]["enum"])


def test_throttled_operations_say_so(app: FastAPI) -> None:
    """The document describes 429 and its `Retry-After` where passwords and addresses can be tried."""
    document = app.openapi()
    throttled = {
        path
        for path, item in document["paths"].items()
        if any("429" in operation["responses"] for operation in item.values())
    }
    assert {"/users", "/auth/login", "/auth/password-reset", "/me/password"} <= throttled
    assert "Retry-After" in document["components"]["responses"]["TooManyRequests"]["headers"]


def test_both_answers_to_a_registration_are_described(app: FastAPI) -> None:
    """The document has both responses, with the account and without a body, regardless of the settings."""
    responses = app.openapi()["paths"]["/users"]["post"]["responses"]
    assert responses["201"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/UserView"}
    assert "content" not in responses["202"]
