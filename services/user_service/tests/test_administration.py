"""Administrators list accounts, change roles, lock accounts and read the audit log."""

import asyncio

import httpx2
import pytest

from libs.clock.testing import FakeClock
from services.user_service.models import AUDITOR
from services.user_service.settings import UserSettings
from services.user_service.tests.user_fixtures import (
    ANN,
    BOB,
    EVE,
    LoggedIn,
    administrator,
    grant,
    log_in,
    logged_in,
    refresh,
    register,
    tokens,
)

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def root(client: httpx2.AsyncClient, settings: UserSettings) -> LoggedIn:
    """Ann, an administrator, logged in."""
    return await administrator(client, settings, ANN)


async def _emails(client: httpx2.AsyncClient, root: LoggedIn, **query: str) -> list[str]:
    answer = await client.get("/admin/users", params=query, headers=root.headers)
    assert answer.status_code == 200, answer.text
    return [user["email"] for user in answer.json()["items"]]


async def _me(client: httpx2.AsyncClient, login: LoggedIn) -> int:
    return (await client.get("/me", headers=login.headers)).status_code


async def test_pages_show_every_user_once(client: httpx2.AsyncClient, root: LoggedIn, clock: FakeClock) -> None:
    """Every user is on exactly one page, also with equal times of registration."""
    people = [ANN["email"]]
    for number in range(6):
        people.append(f"user{number}@example.com")
        await register(client, ANN | {"email": people[-1]})
        clock.advance(number % 2)
    seen: list[str] = []
    query = {"limit": "2"}
    while True:
        page = (await client.get("/admin/users", params=query, headers=root.headers)).json()
        assert len(page["items"]) <= 2
        assert all("password" not in key for user in page["items"] for key in user)
        seen += [user["email"] for user in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert sorted(seen) == sorted(people)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["100%@example.com", "a_c@example.com", "abc@example.com", "ann@example.com"]),
        ("EXAMPLE.com", ["100%@example.com", "a_c@example.com", "abc@example.com", "ann@example.com"]),
        ("a_c", ["a_c@example.com"]),
        ("%", ["100%@example.com"]),
        ("_", ["a_c@example.com"]),
        ("\\", ["abc@example.com"]),
        ("STRASSE", ["a_c@example.com"]),
        ("straße", ["a_c@example.com"]),
        ("'; DROP TABLE users; --", []),
        ("%%", []),
        ("nobody", []),
    ],
)
async def test_a_search_takes_its_words_as_they_are(
    client: httpx2.AsyncClient, root: LoggedIn, search: str, found: list[str]
) -> None:
    """LIKE wildcards are plain text; case and compatibility forms do not matter."""
    for email, name in (("a_c", "Straße"), ("abc", "back\\slash"), ("100%", "Percy")):
        await register(client, ANN | {"email": f"{email}@example.com", "name": name})
    assert sorted(await _emails(client, root, search=search)) == found


async def test_a_search_has_pages_too(client: httpx2.AsyncClient, root: LoggedIn) -> None:
    """The cursor of a search continues that search."""
    for number in range(3):
        await register(client, BOB | {"email": f"bob{number}@example.com"})
    query = {"search": "bob", "limit": "2"}
    first = (await client.get("/admin/users", params=query, headers=root.headers)).json()
    rest = await _emails(client, root, **query, cursor=first["next"])
    assert sorted([*(user["email"] for user in first["items"]), *rest]) == [f"bob{n}@example.com" for n in range(3)]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "cursor=x", "search=%00", "unknown=1", "search=" + "x" * 101]
)
async def test_a_query_that_is_not_ours_is_invalid(client: httpx2.AsyncClient, root: LoggedIn, query: str) -> None:
    """An invalid query gets a problem document."""
    answer = await client.get(f"/admin/users?{query}", headers=root.headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_a_locked_user_is_out_at_once(client: httpx2.AsyncClient, root: LoggedIn) -> None:
    """Tokens and password of a locked user are rejected; after the unlock, the password works again."""
    bob = await logged_in(client, BOB)
    other = tokens(await log_in(client, BOB))
    user_id = (await client.get("/me", headers=bob.headers)).json()["id"]
    lock = f"/admin/users/{user_id}/lock"
    assert [(await client.put(lock, headers=root.headers)).status_code for _ in range(2)] == [204, 204]
    assert await _me(client, bob) == 401
    assert (await refresh(client, bob.refresh_token)).status_code == 401
    assert (await log_in(client, BOB)).status_code == 401
    assert (await client.delete(lock, headers=root.headers)).status_code == 204
    # Not tried while the user was locked, which would have used it up.
    assert (await refresh(client, other.refresh_token)).status_code == 401
    assert await _me(client, tokens(await log_in(client, BOB))) == 200


async def test_a_role_comes_with_the_next_login_and_goes_at_once(client: httpx2.AsyncClient, root: LoggedIn) -> None:
    """A new role needs a new login; a token with a role that was taken away is rejected."""
    bob = await logged_in(client, BOB)
    user_id = (await client.get("/me", headers=bob.headers)).json()["id"]
    role = f"/admin/users/{user_id}/roles/admin"
    assert (await client.put(role, headers=root.headers)).status_code == 204
    assert (await client.get("/admin/users", headers=bob.headers)).status_code == 403
    bob = tokens(await log_in(client, BOB))
    assert (await client.get("/admin/users", headers=bob.headers)).status_code == 200
    assert (await client.delete(role, headers=root.headers)).status_code == 204
    assert await _me(client, bob) == 401
    bob = tokens(await refresh(client, bob.refresh_token))
    assert await _me(client, bob) == 200
    assert (await client.get("/admin/users", headers=bob.headers)).status_code == 403


async def test_an_auditor_reads_the_log_alone(client: httpx2.AsyncClient, settings: UserSettings) -> None:
    """An auditor may read the audit log but not the list of users."""
    await register(client, EVE)
    await grant(settings, EVE, AUDITOR)
    eve = tokens(await log_in(client, EVE))
    assert (await client.get("/admin/audit", headers=eve.headers)).status_code == 200
    assert (await client.get("/admin/users", headers=eve.headers)).status_code == 403


async def test_the_last_administrator_stays(client: httpx2.AsyncClient, root: LoggedIn, settings: UserSettings) -> None:
    """The last administrator cannot be locked or lose the role, not even by two concurrent requests."""
    ann_id = (await client.get("/me", headers=root.headers)).json()["id"]
    for path in (f"/admin/users/{ann_id}/lock", f"/admin/users/{ann_id}/roles/admin"):
        method = "PUT" if path.endswith("lock") else "DELETE"
        assert (await client.request(method, path, headers=root.headers)).status_code == 409
    bob = await administrator(client, settings, BOB)
    bob_id = (await client.get("/me", headers=bob.headers)).json()["id"]
    answers = await asyncio.gather(
        client.delete(f"/admin/users/{bob_id}/roles/admin", headers=root.headers),
        client.delete(f"/admin/users/{ann_id}/roles/admin", headers=bob.headers),
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes in ([204, 401], [204, 409])


@pytest.mark.parametrize("path", ["lock", "roles/admin"])
async def test_what_is_no_user_is_not_found(client: httpx2.AsyncClient, root: LoggedIn, path: str) -> None:
    """An unknown user id is 404; a malformed id or an unknown role is 422."""
    for method in ("PUT", "DELETE"):
        missing = await client.request(method, f"/admin/users/{NOBODY}/{path}", headers=root.headers)
        invalid = await client.request(method, f"/admin/users/1/{path}", headers=root.headers)
        assert (missing.status_code, invalid.status_code) == (404, 422)
    assert (await client.put(f"/admin/users/{NOBODY}/roles/god", headers=root.headers)).status_code == 422
