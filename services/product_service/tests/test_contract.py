"""The OpenAPI document can be read by client generators and matches the headers of responses."""

import httpx2
from fastapi import FastAPI

from libs.auth.testing import TokenFactory
from libs.web.contract_testing import contract_faults
from services.product_service.problems import PROBLEMS
from services.product_service.tests.token_headers import TEA, ann


def test_the_document_has_no_faults(app: FastAPI) -> None:
    """Operation ids, names, integers, references and keywords are in the form that client generators need."""
    assert contract_faults(app.openapi()) == []


def test_names_are_those_of_the_domain(app: FastAPI) -> None:
    """A generated client has methods, pages, orders and types of problems with readable names."""
    document = app.openapi()
    schemas = document["components"]["schemas"]
    assert document["paths"]["/products"]["post"]["operationId"] == "create_product"
    assert {"ProductInput", "ProductView", "ProductPage", "ProductSort", "Problem"} <= schemas.keys()
    assert schemas["ProductSort"]["x-enum-varnames"][:2] == ["CREATED_AT", "CREATED_AT_DESC"]
    assert {f"urn:problem:{problem.kind}" for problem in PROBLEMS.values()} <= set(schemas["ProblemType"]["enum"])


def test_prices_of_a_query_have_limits(app: FastAPI) -> None:
    """Price filters are optional integers within the range of the database column."""
    parameters = {each["name"]: each for each in app.openapi()["paths"]["/products"]["get"]["parameters"]}
    schema = parameters["min_price_cents"]["schema"]
    assert (schema["type"], schema["minimum"], schema["maximum"]) == ("integer", 0, 9223372036854775807)


async def test_responses_have_the_headers_of_the_document(
    app: FastAPI, client: httpx2.AsyncClient, factory: TokenFactory
) -> None:
    """Responses have the `ETag` and `Location` that the document requires, and 401 has a challenge."""
    paths, headers = app.openapi()["paths"], ann(factory)
    created = await client.post("/products", json=TEA, headers=headers)
    location = created.headers["location"]
    reserved = await client.post(f"{location}/reservations", json={"quantity": 1}, headers=headers)
    read = await client.get(location, headers=headers)
    changed = await client.put(location, json=TEA, headers=headers)
    one, reservations = paths["/products/{product_id}"], paths["/products/{product_id}/reservations"]
    for answer, responses in (
        (created, paths["/products"]["post"]["responses"]),
        (reserved, reservations["post"]["responses"]),
        (read, one["get"]["responses"]),
        (changed, one["put"]["responses"]),
    ):
        described = responses[str(answer.status_code)]["headers"]
        assert {name for name in described if name not in answer.headers} == set()
        assert ("etag" in answer.headers, "location" in answer.headers) == (
            "ETag" in described,
            "Location" in described,
        )
    assert "www-authenticate" in (await client.get("/products")).headers
