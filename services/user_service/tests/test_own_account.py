"""Changes by a user to their own account."""

import asyncio

import httpx2
import pytest

from libs.clock.testing import FakeClock
from services.user_service.tests.user_fixtures import ANN, BOB, LoggedIn, log_in, logged_in, refresh, register, tokens

NEW = "nine purple umbrellas"


async def _change(client: httpx2.AsyncClient, login: LoggedIn, current: str, new: str) -> httpx2.Response:
    body = {"current_password": current, "new_password": new}
    return await client.post("/me/password", json=body, headers=login.headers)


async def test_a_user_takes_another_name(client: httpx2.AsyncClient) -> None:
    """The response and the next GET have the new name, and nothing else has changed."""
    login = await logged_in(client, ANN)
    before = (await client.get("/me", headers=login.headers)).json()
    changed = await client.patch("/me", json={"name": "Anna"}, headers=login.headers)
    assert changed.status_code == 200
    assert (await client.get("/me", headers=login.headers)).json() == changed.json() == before | {"name": "Anna"}


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "Anna", "roles": ["admin"]}, {"email": "a@example.com"}])
async def test_a_user_changes_nothing_else(client: httpx2.AsyncClient, body: dict[str, object]) -> None:
    """A user cannot change their own roles and address."""
    login = await logged_in(client, ANN)
    assert (await client.patch("/me", json=body, headers=login.headers)).status_code == 422
    assert (await client.get("/me", headers=login.headers)).json()["name"] == "Ann"


async def test_a_changed_password_ends_every_login(client: httpx2.AsyncClient) -> None:
    """Older refresh tokens and access tokens, of this second too, are refused; the new password logs in at once."""
    login, other = await logged_in(client, ANN), tokens(await log_in(client, ANN))
    assert (await _change(client, login, ANN["password"], NEW)).status_code == 204
    for old in (login, other):
        assert (await refresh(client, old.refresh_token)).status_code == 401
        assert (await client.get("/me", headers=old.headers)).status_code == 401
    assert (await log_in(client, ANN)).status_code == 401
    fresh = tokens(await log_in(client, ANN, password=NEW))
    assert (await client.get("/me", headers=fresh.headers)).status_code == 200


async def test_a_password_is_changed_by_who_knows_it(client: httpx2.AsyncClient) -> None:
    """A stolen access token is not sufficient, and the new password has to satisfy the policy."""
    login = await logged_in(client, ANN)
    wrong = await _change(client, login, "seven green lampions", NEW)
    weak = await _change(client, login, ANN["password"], "short")
    assert (wrong.status_code, wrong.json()["type"]) == (403, "urn:problem:wrong-password")
    assert weak.status_code == 422
    assert (await client.get("/me", headers=login.headers)).status_code == 200
    assert (await log_in(client, ANN)).status_code == 200


async def test_of_two_changes_at_once_one_wins(client: httpx2.AsyncClient) -> None:
    """The second change fails: the password has changed (403), or the first change has ended the login (401)."""
    login = await logged_in(client, ANN)
    both = [NEW, "ten orange canoes"]
    answers = await asyncio.gather(*(_change(client, login, ANN["password"], new) for new in both))
    assert sorted(answer.status_code for answer in answers) in ([204, 401], [204, 403])
    codes = [(await log_in(client, ANN, password=new)).status_code for new in both]
    assert codes == [200 if answer.status_code == 204 else 401 for answer in answers]


async def test_guessing_with_a_stolen_token_is_slowed_down(client: httpx2.AsyncClient, clock: FakeClock) -> None:
    """Wrong passwords here count like those at the login."""
    login = await logged_in(client, ANN)
    codes = [(await _change(client, login, f"guess number {n} here", NEW)).status_code for n in range(6)]
    assert codes == [403] * 5 + [429]
    deletion = await client.post("/me/deletion", json={"password": ANN["password"]}, headers=login.headers)
    assert deletion.status_code == 429
    assert int(deletion.headers["retry-after"]) > 0
    clock.advance(int(deletion.headers["retry-after"]))
    assert (await _change(client, login, ANN["password"], NEW)).status_code == 204


async def test_a_deleted_account_is_gone(client: httpx2.AsyncClient) -> None:
    """Its tokens and password are rejected, its address can be registered again, and other accounts stay."""
    login, bob = await logged_in(client, ANN), await logged_in(client, BOB)
    wrong = await client.post("/me/deletion", json={"password": "seven green lampions"}, headers=login.headers)
    assert wrong.status_code == 403
    gone = await client.post("/me/deletion", json={"password": ANN["password"]}, headers=login.headers)
    assert gone.status_code == 204
    assert (await client.get("/me", headers=login.headers)).status_code == 401
    assert (await refresh(client, login.refresh_token)).status_code == 401
    assert (await log_in(client, ANN)).status_code == 401
    assert (await client.get("/me", headers=bob.headers)).status_code == 200
    await register(client, ANN)
