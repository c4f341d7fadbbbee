"""Token introspection (RFC 7662) and server metadata (RFC 8414)."""

import httpx2
import pytest

from libs.clock.testing import FakeClock
from services.user_service.settings import UserSettings
from services.user_service.tests.client_fixtures import basic, new_client
from services.user_service.tests.user_fixtures import ANN, logged_in, refresh

INACTIVE = {"active": False}


@pytest.fixture
async def service(settings: UserSettings) -> dict[str, str]:
    """The credentials of a service that may ask."""
    return basic("gateway", await new_client(settings, "gateway", "tokens:introspect"))


async def _state(client: httpx2.AsyncClient, token: str, service: dict[str, str]) -> object:
    answer = await client.post("/oauth/introspect", data={"token": token}, headers=service)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_live_access_token_is_described(client: httpx2.AsyncClient, service: dict[str, str]) -> None:
    """A valid access token is described with its claims."""
    login = await logged_in(client, ANN)
    user_id = (await client.get("/me", headers=login.headers)).json()["id"]
    state = await _state(client, login.access_token, service)
    assert isinstance(state, dict)
    assert state.pop("jti")
    assert state == {
        "active": True,
        "scope": "products:read products:reserve products:write users:me",
        "client_id": "first-party",
        "sub": user_id,
        "exp": 1767269400,
        "iat": 1767268800,
        "iss": "http://127.0.0.1:8001",
        "aud": "api",
        "token_type": "Bearer",
    }


async def test_a_live_refresh_token_is_described_until_it_is_used(
    client: httpx2.AsyncClient, service: dict[str, str]
) -> None:
    """A used refresh token is inactive, and introspection does not use a token up."""
    login = await logged_in(client, ANN)
    for _ in range(2):
        state = await _state(client, login.refresh_token, service)
        assert isinstance(state, dict)
        assert (state["active"], state["client_id"]) == (True, "first-party")
    assert (await refresh(client, login.refresh_token)).status_code == 200
    assert await _state(client, login.refresh_token, service) == INACTIVE


async def test_what_is_worth_nothing_is_inactive(
    client: httpx2.AsyncClient, service: dict[str, str], clock: FakeClock
) -> None:
    """Malformed, changed, expired and revoked tokens, and those of closed accounts, get the same response."""
    login, other = await logged_in(client, ANN), await logged_in(client, ANN | {"email": "other@example.com"})
    for token in ("x", "a.b.c", login.access_token[:-4] + "AAAA", "x" * 9000):
        assert await _state(client, token, service) == INACTIVE
    body = {"current_password": ANN["password"], "new_password": "nine purple umbrellas"}
    assert (await client.post("/me/password", json=body, headers=login.headers)).status_code == 204
    assert await _state(client, login.access_token, service) == INACTIVE
    clock.advance(700)
    assert await _state(client, other.access_token, service) == INACTIVE


async def test_only_a_service_with_the_right_may_ask(client: httpx2.AsyncClient, settings: UserSettings) -> None:
    """Front ends and services without the scope are refused."""
    login = await logged_in(client, ANN)
    other = basic("reporting", await new_client(settings, "reporting", "products:read"))
    for headers, status, error in (
        ({}, 401, "invalid_client"),
        (login.headers, 401, "invalid_client"),
        (other, 400, "unauthorized_client"),
    ):
        answer = await client.post("/oauth/introspect", data={"token": login.access_token}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_the_metadata_names_what_is_there(client: httpx2.AsyncClient) -> None:
    """Every endpoint that the document names is a route of this server."""
    answer = await client.get("/.well-known/oauth-authorization-server")
    metadata = answer.json()
    assert metadata["issuer"] == "http://127.0.0.1:8001"
    assert metadata["grant_types_supported"] == ["client_credentials", "refresh_token"]
    for name, url in metadata.items():
        if name.endswith("_endpoint"):
            there = await client.post(url.removeprefix(metadata["issuer"]))
            assert there.json()["error"] == "invalid_request", name
    keys = await client.get(metadata["jwks_uri"].removeprefix(metadata["issuer"]))
    assert keys.json()["keys"]
