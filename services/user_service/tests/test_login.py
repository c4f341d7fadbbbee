"""Logging in, refreshing and logging out."""

import asyncio

import httpx2
import pytest

from libs.auth.passwords import Passwords
from libs.clock.testing import FakeClock
from libs.web.testing import running
from services.user_service.app import create_app
from services.user_service.settings import UserSettings
from services.user_service.tests.conftest import CHEAP
from services.user_service.tests.user_fixtures import ANN, log_in, logged_in, refresh, register, tokens

DAY = 24 * 3600


async def test_a_login_gives_tokens_that_are_not_stored(client: httpx2.AsyncClient) -> None:
    """The answer is that of RFC 6749 section 5.1 and no cache may keep it."""
    await register(client, ANN)
    answer = await log_in(client, ANN)
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert body["scope"] == "products:read products:reserve products:write users:me"


async def test_every_failed_login_looks_the_same(client: httpx2.AsyncClient) -> None:
    """Unknown address and wrong password differ in nothing but the request id."""
    await register(client, ANN)
    wrong = await log_in(client, ANN, password="seven green lampions")
    unknown = await log_in(client, ANN, email="eve@example.com")
    nonsense = await log_in(client, ANN, email="not an address")
    long = await log_in(client, ANN, password="x" * 4000)
    answers = [wrong, unknown, nonsense, long]
    assert {answer.status_code for answer in answers} == {401}
    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    assert len({answer.headers["content-length"] for answer in answers}) == 1


async def test_guessing_is_slowed_down(client: httpx2.AsyncClient, clock: FakeClock) -> None:
    """After five failures the response is 429 with `Retry-After`; after that time the login works again."""
    await register(client, ANN)
    codes = [(await log_in(client, ANN, password="seven green lampions")).status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]
    refused = await log_in(client, ANN)
    assert refused.status_code == 429
    clock.advance(int(refused.headers["retry-after"]))
    assert (await log_in(client, ANN)).status_code == 200


async def test_a_refresh_token_is_good_for_one_use(client: httpx2.AsyncClient) -> None:
    """The new token works; reuse of the old one ends the login."""
    first = await logged_in(client, ANN)
    second = tokens(await refresh(client, first.refresh_token))
    assert (await client.get("/me", headers=second.headers)).status_code == 200
    assert (await refresh(client, first.refresh_token)).status_code == 401
    assert (await refresh(client, second.refresh_token)).status_code == 401


async def test_of_twenty_refreshes_at_once_one_succeeds(client: httpx2.AsyncClient) -> None:
    """One refresh token yields one successor, even with concurrent requests."""
    login = await logged_in(client, ANN)
    answers = await asyncio.gather(*(refresh(client, login.refresh_token) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\u00e4" * 43, "x" * 512])
async def test_an_unknown_refresh_token_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    """An unknown refresh token of any form is 401; logging out with it is no error (RFC 7009)."""
    assert (await refresh(client, token)).status_code == 401
    assert (await client.post("/auth/logout", json={"refresh_token": token})).status_code == 204


async def test_a_refresh_token_grows_old(client: httpx2.AsyncClient, clock: FakeClock) -> None:
    """A refresh token expires after fourteen days without use."""
    login = await logged_in(client, ANN)
    clock.advance(14 * DAY)
    assert (await refresh(client, login.refresh_token)).status_code == 401


async def test_a_login_grows_old_however_it_is_used(client: httpx2.AsyncClient, clock: FakeClock) -> None:
    """After ninety days the user has to log in again."""
    login = await logged_in(client, ANN)
    for _ in range(8):
        clock.advance(11 * DAY)
        login = tokens(await refresh(client, login.refresh_token))
    clock.advance(2 * DAY)
    assert (await refresh(client, login.refresh_token)).status_code == 401


async def test_logging_out_ends_the_login(client: httpx2.AsyncClient) -> None:
    """The refresh token is refused afterwards; other logins of the same user are not affected."""
    login = await logged_in(client, ANN)
    other = tokens(await log_in(client, ANN))
    assert (await client.post("/auth/logout", json={"refresh_token": login.refresh_token})).status_code == 204
    assert (await refresh(client, login.refresh_token)).status_code == 401
    assert (await refresh(client, other.refresh_token)).status_code == 200


async def test_an_access_token_dies_after_ten_minutes(client: httpx2.AsyncClient, clock: FakeClock) -> None:
    """It expires after ten minutes, plus half a minute of leeway for clock differences."""
    login = await logged_in(client, ANN)
    clock.advance(600 + 29)
    assert (await client.get("/me", headers=login.headers)).status_code == 200
    clock.advance(2)
    assert (await client.get("/me", headers=login.headers)).status_code == 401


async def test_the_public_keys_are_public_and_nothing_else_is_in_them(client: httpx2.AsyncClient) -> None:
    """The JWK Set has public members only and may be cached for a short time."""
    answer = await client.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert {"kty", "crv", "x", "kid"} <= set(key)
    assert not {"d", "p", "q", "k"} & set(key)
    assert answer.headers["cache-control"] == "public, max-age=60"


async def test_an_access_token_lives_as_long_as_the_setting_says(settings: UserSettings, clock: FakeClock) -> None:
    """`access_token_seconds` is in the response and in the token."""
    app = create_app(settings.model_copy(update={"access_token_seconds": 60}), clock=clock, passwords=Passwords(CHEAP))
    async with running(app) as client:
        await register(client, ANN)
        answer = await log_in(client, ANN)
        assert answer.json()["expires_in"] == 60
        login = tokens(answer)
        clock.advance(89)
        assert (await client.get("/me", headers=login.headers)).status_code == 200
        clock.advance(1)
        assert (await client.get("/me", headers=login.headers)).status_code == 401


async def test_a_token_with_a_longer_lifetime_than_the_maximum_is_rejected(
    settings: UserSettings, clock: FakeClock
) -> None:
    """The issuer's own verifier has the setting `max_access_token_seconds` too."""
    async with running(create_app(settings, clock=clock, passwords=Passwords(CHEAP))) as client:
        login = await logged_in(client, ANN)
    lower = settings.model_copy(update={"access_token_seconds": 300, "max_access_token_seconds": 599})
    async with running(create_app(lower, clock=clock, passwords=Passwords(CHEAP))) as client:
        assert (await client.get("/me", headers=login.headers)).status_code == 401
        shorter = tokens(await refresh(client, login.refresh_token))
        assert (await client.get("/me", headers=shorter.headers)).status_code == 200


async def test_scopes_of_other_services_are_a_setting(settings: UserSettings, clock: FakeClock) -> None:
    """A scope that the setting gains comes with the next login; a removed scope is lost at the next refresh.

    Until then a token with that scope is valid at replicas with either setting.
    """
    wider = settings.model_copy(update={"granted_scopes": ("orders:read",)})
    async with running(create_app(wider, clock=clock, passwords=Passwords(CHEAP))) as client:
        await register(client, ANN)
        answer = await log_in(client, ANN)
    assert answer.json()["scope"] == "orders:read users:me"
    narrower = settings.model_copy(update={"granted_scopes": ()})
    async with running(create_app(narrower, clock=clock, passwords=Passwords(CHEAP))) as client:
        login = tokens(answer)
        assert (await client.get("/me", headers=login.headers)).status_code == 200
        assert (await refresh(client, login.refresh_token)).json()["scope"] == "users:me"
