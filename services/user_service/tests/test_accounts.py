"""Registration, and the user's view of their own account."""

import asyncio

import httpx2
import pytest

from libs.auth.passwords import Passwords
from services.user_service.tests.user_fixtures import ANN, BOB, PASSWORD, log_in, logged_in, register


async def test_a_new_user_sees_themselves(client: httpx2.AsyncClient) -> None:
    """`/me` returns the user of the token, without the password."""
    user_id = await register(client, ANN)
    answer = await log_in(client, ANN)
    me = await client.get("/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert me.status_code == 200
    assert me.json() == {
        "id": user_id,
        "email": ANN["email"],
        "name": "Ann",
        "verified": False,
        "roles": [],
        "created_at": "2026-01-01T12:00:00Z",
    }


@pytest.mark.parametrize("spelling", ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@example.com", "\uff41nn@example.com"])
async def test_an_address_has_one_account(client: httpx2.AsyncClient, spelling: str) -> None:
    """Two spellings of an address are one address, also in concurrent registrations."""
    answers = await asyncio.gather(
        client.post("/users", json=ANN), client.post("/users", json=ANN | {"email": spelling})
    )
    assert sorted(answer.status_code for answer in answers) in ([201, 409], [201, 422])
    if answers[1].status_code != 422:
        assert (await log_in(client, ANN, email=spelling)).status_code == 200


@pytest.mark.parametrize("domain", ["xn--bcher-kva.example.com", "b\u00fccher.example.com", "BU\u0308CHER.example.com"])
async def test_a_domain_has_one_account_in_either_coding(client: httpx2.AsyncClient, domain: str) -> None:
    """After registration with one form of an international domain (RFC 5891), each form logs in."""
    await register(client, ANN | {"email": f"ann@{domain}"})
    for other in ("xn--bcher-kva.example.com", "B\u00dcCHER.example.com"):
        assert (await log_in(client, ANN, email=f"ann@{other}")).status_code == 200
        assert (await client.post("/users", json=ANN | {"email": f"ann@{other}"})).status_code == 409


@pytest.mark.parametrize(
    "password",
    [
        "",
        "too few",
        "fourteen chars",
        "passwordpassword",
        "aaaaaaaaaaaaaaaaaaaa",
        "ann@example.com",
        "x" * 1001,
        "x" * 4097,
    ],
)
async def test_a_weak_password_is_refused_with_a_reason(
    client: httpx2.AsyncClient, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password that is too short, too long or common is refused. It is not hashed and not in the response."""
    monkeypatch.setattr(Passwords, "hash", None)
    answer = await client.post("/users", json=ANN | {"password": password})
    assert answer.status_code == 422
    assert not password or password not in answer.text


@pytest.mark.parametrize(
    "password", ["fifteen letters", "ÄÖÜ and some more", "1" * 14 + "2" + "0" * 985, "🍵" * 7 + "green tea"]
)
async def test_any_long_password_that_is_on_no_list_will_do(client: httpx2.AsyncClient, password: str) -> None:
    """Passwords have 15 to 1000 characters, and every character is significant."""
    person = ANN | {"password": password}
    await register(client, person)
    assert (await log_in(client, person)).status_code == 200
    assert (await log_in(client, person, password=password[:-1])).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "ann"},
        {"email": "ann@"},
        {"email": "ann@localhost"},
        {"email": "ann@example.com\n"},
        {"email": "Ann <ann@example.com>"},
        {"email": "a" * 65 + "@example.com"},
        {"email": None},
        {"name": ""},
        {"name": "A\nB"},
        {"password": None},
        {"password": 123456789012345},
        {"is_admin": True},
        {"roles": ["admin"]},
        {"role_names": "admin"},
    ],
    ids=repr,
)
async def test_what_is_no_registration_is_invalid(client: httpx2.AsyncClient, changes: dict[str, object]) -> None:
    """A registration cannot set roles, and the error does not repeat the password."""
    answer = await client.post("/users", json=ANN | changes)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert PASSWORD not in answer.text


async def test_users_see_only_themselves(client: httpx2.AsyncClient) -> None:
    """Each token opens one account."""
    ann, bob = await logged_in(client, ANN), await logged_in(client, BOB)
    assert (await client.get("/me", headers=ann.headers)).json()["name"] == "Ann"
    assert (await client.get("/me", headers=bob.headers)).json()["name"] == "Bob"
