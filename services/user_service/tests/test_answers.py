"""Rules for all responses of the service: one form of error, no caching, no documentation by default."""

import httpx2
import pytest
from fastapi import FastAPI

from libs.mail.testing import FakeMailer
from libs.web.testing import running
from services.user_service.app import create_app
from services.user_service.settings import UserSettings
from services.user_service.tests.client_fixtures import GRANT, basic, new_client
from services.user_service.tests.user_fixtures import ANN, log_in, logged_in, refresh, tokens

_NOBODY = "/admin/users/00000000-0000-4000-8000-000000000000/lock"
_SHOP = "https://shop.example.com"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/users/", 404),
        ("GET", "//me", 404),
        ("PUT", "/me", 405),
        ("GET", "/auth/login", 405),
        ("POST", "/users", 415),
        ("POST", "/auth/refresh", 415),
        ("GET", "/admin/users", 403),
        ("PUT", _NOBODY, 403),
    ],
)
async def test_every_refusal_is_a_problem(client: httpx2.AsyncClient, method: str, path: str, status: int) -> None:
    """Errors of router, policies and schemas are problem documents with the request id and `no-store`."""
    login = await logged_in(client, ANN)
    answer = await client.request(method, path, headers=login.headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert (problem["status"], problem["request_id"]) == (status, answer.headers["x-request-id"])
    assert ("allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize(
    ("path", "allowed"), [("/me", "GET, HEAD, PATCH"), ("/users", "POST"), (_NOBODY, "DELETE, PUT")], ids=repr
)
async def test_another_method_is_told_all_that_there_are(client: httpx2.AsyncClient, path: str, allowed: str) -> None:
    """`Allow` has the methods of every route of the path (RFC 9110 section 15.5.6)."""
    answer = await client.options(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_no_token_is_kept_on_its_way(client: httpx2.AsyncClient, settings: UserSettings) -> None:
    """Every response that contains tokens, or that needs one, has `Cache-Control: no-store`."""
    login = await logged_in(client, ANN)
    secret = basic("reporting", await new_client(settings, "reporting", "products:read"))
    again = await log_in(client, ANN)
    for answer in (
        again,
        await refresh(client, tokens(again).refresh_token),
        await client.post("/oauth/token", data=GRANT, headers=secret),
        await client.get("/me", headers=login.headers),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("origins", [(), (_SHOP,)])
@pytest.mark.parametrize("origin", [_SHOP, f"{_SHOP}.evil.example", "http://shop.example.com", "null"])
async def test_browsers_may_call_from_named_origins(
    settings: UserSettings, origin: str, origins: tuple[str, ...]
) -> None:
    """Only the exact origins of the setting, by default none, get CORS headers, and never for cookies."""
    app = create_app(settings.model_copy(update={"cors_origins": origins}), mailer=FakeMailer())
    async with running(app) as client:
        answer = await client.get("/me", headers={"Origin": origin})
    assert answer.headers.get("access-control-allow-origin") == (origin if origin in origins else None)
    assert "access-control-allow-credentials" not in answer.headers


async def test_nothing_describes_itself_unasked(app: FastAPI, client: httpx2.AsyncClient) -> None:
    """The application has an OpenAPI document, but no path serves it."""
    assert app.openapi()["paths"]
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert (await client.get(path)).status_code == 404, path
