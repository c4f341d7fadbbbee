"""Tokens for services (RFC 6749 section 4.4) and revocation (RFC 7009)."""

import re
from collections.abc import Mapping

import httpx2
import pytest

from libs.clock.testing import FakeClock
from libs.db.sessions import SessionFactory
from services.user_service.errors import BadClient
from services.user_service.service.clients import ClientRegister
from services.user_service.settings import UserSettings
from services.user_service.tests.client_fixtures import GRANT, basic, new_client
from services.user_service.tests.user_fixtures import ANN, logged_in, refresh

NAME = "product-service"
SCOPES = "products:read products:reserve"


@pytest.fixture
async def secret(settings: UserSettings) -> str:
    """The secret of a registered service."""
    return await new_client(settings, NAME, SCOPES)


async def test_a_service_gets_a_token_by_header_or_by_form(client: httpx2.AsyncClient, secret: str) -> None:
    """Both ways of RFC 6749 section 2.3.1 give a token for the service itself, without a refresh token."""
    header = await client.post("/oauth/token", data=GRANT, headers=basic(NAME, secret))
    form = await client.post("/oauth/token", data=GRANT | {"client_id": NAME, "client_secret": secret})
    for answer in (header, form):
        assert answer.status_code == 200, answer.text
        assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
        body = answer.json()
        assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, SCOPES)


async def test_a_service_may_ask_for_less_and_not_for_more(client: httpx2.AsyncClient, secret: str) -> None:
    """A narrower scope is granted; any other scope is the error `invalid_scope`."""
    less = await client.post("/oauth/token", data=GRANT | {"scope": "products:read"}, headers=basic(NAME, secret))
    assert less.json()["scope"] == "products:read"
    for scope in ("users:admin", "products:read users:me", 'a"b', "products:read  products:reserve"):
        more = await client.post("/oauth/token", data=GRANT | {"scope": scope}, headers=basic(NAME, secret))
        assert (more.status_code, more.json()) == (400, {"error": "invalid_scope"})


async def test_a_services_token_is_nobodys_account(client: httpx2.AsyncClient, secret: str) -> None:
    """A service's token is rejected by routes for users."""
    token = (await client.post("/oauth/token", data=GRANT, headers=basic(NAME, secret))).json()["access_token"]
    assert (await client.get("/me", headers={"Authorization": f"Bearer {token}"})).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic(NAME, "x" * 43),
        basic("nobody", "x" * 43),
        basic("first-party", ""),
        basic("%00", "x"),
        basic(NAME, "%00"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic " + "A" * 4000},
    ],
    ids=repr,
)
async def test_who_is_no_client_gets_one_answer(
    client: httpx2.AsyncClient, secret: str, headers: dict[str, str]
) -> None:
    """Unknown clients, wrong secrets and missing or malformed headers are all `invalid_client` with a challenge."""
    answer = await client.post("/oauth/token", data=GRANT, headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    assert answer.headers["www-authenticate"] == 'Basic realm="oauth"'
    assert secret not in answer.text


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        ("", FORM, "invalid_request"),
        ("grant_type=", FORM, "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", FORM, "invalid_request"),
        ("grant_type=client_credentials&scope=%00", FORM, "invalid_request"),
        ("grant_type=client_credentials&scope=%ff", FORM, "invalid_request"),
        ("grant_type=client_credentials&client_secret=x", FORM, "invalid_request"),
        ("grant_type=\xe4", FORM, "invalid_request"),
        ("&".join(f"p{n}=x" for n in range(20)), FORM, "invalid_request"),
        ("grant_type=client_credentials&x=" + "y" * 20_000, FORM, "invalid_request"),
        ('{"grant_type": "client_credentials"}', "application/json", "invalid_request"),
        ("grant_type=password", FORM, "unsupported_grant_type"),
        ("grant_type=authorization_code", FORM, "unsupported_grant_type"),
        ("grant_type=%22%5C%C3%A4'", FORM, "unsupported_grant_type"),
    ],
    ids=lambda text: repr(text[:40]),
)
async def test_what_no_client_should_send_is_refused(
    client: httpx2.AsyncClient, secret: str, body: str, content_type: str, error: str
) -> None:
    """Each invalid request gets the error code of RFC 6749 section 5.2."""
    headers = basic(NAME, secret) | {"Content-Type": content_type}
    answer = await client.post("/oauth/token", content=body.encode(), headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["pragma"] == "no-cache"
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", answer.json()["error_description"])


async def test_a_removed_service_gets_nothing_more(
    client: httpx2.AsyncClient, sessions: SessionFactory, clock: FakeClock, secret: str
) -> None:
    """A removed client is refused, and removing it twice is an error."""
    register = ClientRegister(sessions, clock)
    await register.remove(NAME)
    with pytest.raises(BadClient, match="there is no client"):
        await register.remove(NAME)
    assert (await client.post("/oauth/token", data=GRANT, headers=basic(NAME, secret))).status_code == 401


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        ("first-party", SCOPES),
        (NAME, SCOPES),
        ("a1b2c3d4-1111-4111-8111-111111111111", SCOPES),
        ("ab", SCOPES),
        ("a" * 37, SCOPES),
        ("Name", SCOPES),
        ("na me", SCOPES),
        ("reporting", "users:admin"),
        ("reporting", 'products:"read"'),
        ("reporting", "products:read  products:write"),
    ],
)
async def test_what_is_no_client_is_not_registered(
    sessions: SessionFactory, clock: FakeClock, secret: str, name: str, scopes: str
) -> None:
    """A client cannot have a name that could be a user's id, nor scopes for user accounts."""
    del secret
    with pytest.raises(BadClient):
        await ClientRegister(sessions, clock).add(name, scopes)


async def test_the_token_endpoint_refreshes_for_standard_clients(client: httpx2.AsyncClient, secret: str) -> None:
    """A front end may use it instead of `/auth/refresh`; a service may not use a user's token."""
    login = await logged_in(client, ANN)
    form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token}
    assert (await client.post("/oauth/token", data=form, headers=basic(NAME, secret))).status_code == 401
    renewed = await client.post("/oauth/token", data=form | {"client_id": "first-party"})
    assert renewed.status_code == 200
    assert (await refresh(client, renewed.json()["refresh_token"])).status_code == 200
    again = await client.post("/oauth/token", data=form)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


async def test_a_refresh_may_ask_for_less_and_not_for_more(client: httpx2.AsyncClient) -> None:
    """Fewer scopes apply to this access token only; asking for more does not use up the token (RFC 6749 section 6)."""
    login = await logged_in(client, ANN)
    form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token}
    for scope in ("users:admin", "products:read users:admin", "products:read  users:me", '"'):
        more = await client.post("/oauth/token", data=form | {"scope": scope})
        assert (more.status_code, more.json()) == (400, {"error": "invalid_scope"})
    less = (await client.post("/oauth/token", data=form | {"scope": "products:read"})).json()
    assert less["scope"] == "products:read"
    headers = {"Authorization": f"Bearer {less['access_token']}"}
    assert (await client.get("/me", headers=headers)).status_code == 403
    again = await client.post("/oauth/token", data=form | {"refresh_token": less["refresh_token"]})
    assert again.json()["scope"] == "products:read products:reserve products:write users:me"


@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "refresh_token"}, {"token_type_hint": "access_token"}])
async def test_a_revoked_login_is_over(client: httpx2.AsyncClient, hint: Mapping[str, str]) -> None:
    """The login ends whether `token_type_hint` is right, wrong or missing (RFC 7009 section 2.1)."""
    login = await logged_in(client, ANN)
    answer = await client.post("/oauth/revoke", data={"token": login.refresh_token, **hint})
    assert answer.status_code == 200
    assert (await refresh(client, login.refresh_token)).status_code == 401


async def test_revoking_tells_nothing_and_touches_only_ones_own(client: httpx2.AsyncClient, secret: str) -> None:
    """An unknown token is no error, another client's token stays valid, and access tokens cannot be revoked."""
    login = await logged_in(client, ANN)
    assert (await client.post("/oauth/revoke", data={"token": "unknown"})).status_code == 200
    other = await client.post("/oauth/revoke", data={"token": login.refresh_token}, headers=basic(NAME, secret))
    assert other.status_code == 200
    assert (await refresh(client, login.refresh_token)).status_code == 200
    access = await client.post("/oauth/revoke", data={"token": login.access_token})
    assert (access.status_code, access.json()["error"]) == (400, "unsupported_token_type")
    assert (await client.post("/oauth/revoke", data={})).json()["error"] == "invalid_request"
