"""Rules for all responses of the service: one form of error, exact CORS origins, optional documentation."""

import httpx2
import pytest

from libs.auth.testing import TokenFactory
from libs.web.testing import running
from services.product_service.app import create_app
from services.product_service.settings import ProductSettings
from services.product_service.tests.token_headers import TEA, ann, outsider

_NOWHERE = "/products/00000000-0000-4000-8000-000000000000"
_SHOP = "https://shop.example.com"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("GET", "/products/", {}, 404),
        ("GET", "//products", {}, 404),
        ("GET", _NOWHERE, {}, 404),
        ("PATCH", "/products", {}, 405),
        ("POST", _NOWHERE, {}, 405),
        ("DELETE", "/products/imports", {}, 422),
        ("GET", "/products", {"Authorization": "Bearer x"}, 401),
        ("GET", "/products", {"Authorization": ""}, 401),
        ("GET", "/products?limit=0", {}, 422),
        ("GET", "/products/x", {}, 422),
        ("POST", "/products", {"Content-Type": "application/json"}, 422),
        ("POST", "/products", {}, 415),
        ("POST", "/products", {"Content-Type": "application/json", "Idempotency-Key": "two words"}, 422),
        ("POST", "/products/imports", {}, 415),
        ("PUT", _NOWHERE, {"Content-Type": "application/json", "If-Match": "x"}, 422),
    ],
)
async def test_every_refusal_is_a_problem(
    client: httpx2.AsyncClient, factory: TokenFactory, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Errors of router, policies, schemas and rules are problem documents with the request id and `no-store`."""
    answer = await client.request(method, path, headers=ann(factory) | headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert (problem["status"], problem["request_id"]) == (status, answer.headers["x-request-id"])
    assert problem["title"]
    assert ("allow" in answer.headers) is (status == 405)


async def test_who_lacks_the_scope_learns_nothing(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """Without the scope, existing and missing products get the same response."""
    made = await client.post("/products", json=TEA, headers=ann(factory))
    there, not_there = [
        await client.get(path, headers=outsider(factory)) for path in (made.headers["location"], _NOWHERE)
    ]
    assert there.status_code == not_there.status_code == 403
    assert there.json() | {"request_id": ""} == not_there.json() | {"request_id": ""}


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (_SHOP, True),
        ("http://shop.example.com", False),
        ("https://shop.example.com.evil.example", False),
        ("https://evil.shop.example.com", False),
        ("https://shop.example.com:8443", False),
        ("https://SHOP.example.com", False),
        ("https://shop.example.com/", False),
        ("null", False),
        ("*", False),
    ],
)
async def test_browsers_may_call_from_named_origins(
    settings: ProductSettings, factory: TokenFactory, origin: str, *, is_allowed: bool
) -> None:
    """Only the exact origins of the setting get CORS headers, in preflights and responses, and never for cookies."""
    app = create_app(settings.model_copy(update={"cors_origins": (_SHOP,)}), clock=factory.clock, keys=factory.keys)
    preflight = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    async with running(app) as client:
        asked = await client.options(_NOWHERE, headers=preflight)
        answer = await client.get("/products", headers=ann(factory) | {"Origin": origin})
    for each in (asked, answer):
        assert each.headers.get("access-control-allow-origin") == (origin if is_allowed else None)
        assert "access-control-allow-credentials" not in each.headers
    assert asked.status_code == (200 if is_allowed else 400)


async def test_no_origin_is_named_by_default(client: httpx2.AsyncClient, factory: TokenFactory) -> None:
    """With the default settings, no response has a CORS header."""
    answer = await client.get("/products", headers=ann(factory) | {"Origin": _SHOP})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("is_wanted", [True, False, None])
async def test_the_documentation_is_for_who_asks_for_it(
    settings: ProductSettings, factory: TokenFactory, *, is_wanted: bool | None
) -> None:
    """Documentation is served only if the setting is true. By default, as in production, its paths are 404."""
    changes = {} if is_wanted is None else {"docs": is_wanted}
    app = create_app(settings.model_copy(update=changes), clock=factory.clock, keys=factory.keys)
    async with running(app) as client:
        for path in ("/docs", "/openapi.json"):
            assert (await client.get(path)).status_code == (200 if is_wanted else 404), path
        for path in ("/docs/", "/redoc", "/docs/oauth2-redirect"):
            assert (await client.get(path, headers=ann(factory))).status_code == 404, path
        assert (await client.get("/products", headers=ann(factory))).status_code == 200
