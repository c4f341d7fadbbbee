"""Verifying an address and choosing a new password with one-time tokens that are sent by email."""

import asyncio
import re

import httpx2
import pytest
from fastapi import FastAPI

from libs.clock.testing import FakeClock
from libs.mail.testing import FakeMailer
from libs.web.testing import registered
from services.user_service.service.email_outbox import EmailOutbox
from services.user_service.tests.user_fixtures import ANN, BOB, log_in, logged_in, refresh, register, tokens

NEW = "nine purple umbrellas"
MINUTE = 60


async def _email_tokens(app: FastAPI, mailer: FakeMailer) -> list[str]:
    """Return the tokens of all emails that were sent so far, oldest first."""
    await registered(app, EmailOutbox).join()
    return [re.findall(r"^[\w-]{43}$", email.text, re.MULTILINE)[0] for email in mailer.sent]


async def _ask(client: httpx2.AsyncClient, what: str, email: str = ANN["email"]) -> httpx2.Response:
    return await client.post(f"/auth/{what}", json={"email": email})


async def _reset(client: httpx2.AsyncClient, token: str, new: str = NEW) -> int:
    body = {"token": token, "new_password": new}
    return (await client.post("/auth/password-reset/confirmation", json=body)).status_code


async def _verify(client: httpx2.AsyncClient, token: str) -> int:
    return (await client.post("/auth/verification/confirmation", json={"token": token})).status_code


async def test_a_new_user_verifies_their_address(app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer) -> None:
    """Registering sends an email to the address, and its token works once."""
    login = await logged_in(client, ANN)
    (token,) = await _email_tokens(app, mailer)
    assert mailer.sent[0].to == ANN["email"]
    assert (await client.get("/me", headers=login.headers)).json()["verified"] is False
    assert [await _verify(client, token) for _ in range(2)] == [204, 400]
    assert (await client.get("/me", headers=login.headers)).json()["verified"] is True


async def test_a_reset_gives_a_new_password_and_ends_every_login(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer
) -> None:
    """The token works once; the old password and the old tokens are rejected."""
    login = await logged_in(client, ANN)
    await _ask(client, "password-reset")
    _, token = await _email_tokens(app, mailer)
    assert [await _reset(client, token) for _ in range(2)] == [204, 400]
    assert (await log_in(client, ANN)).status_code == 401
    assert (await refresh(client, login.refresh_token)).status_code == 401
    assert (await client.get("/me", headers=login.headers)).status_code == 401
    fresh = tokens(await log_in(client, ANN, password=NEW))
    assert (await client.get("/me", headers=fresh.headers)).json()["verified"] is True


async def test_of_many_uses_at_once_one_works(app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer) -> None:
    """Of many concurrent uses of one token, one succeeds."""
    await register(client, ANN)
    await _ask(client, "password-reset")
    _, token = await _email_tokens(app, mailer)
    codes = await asyncio.gather(*(_reset(client, token, f"{NEW} {number}") for number in range(5)))
    assert sorted(codes) in ([204, 400, 400, 400, 400], [204, *[403] * 4], [204, 400, 400, 400, 403])


async def test_a_refused_password_leaves_the_token_good(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer
) -> None:
    """A password that is too short does not use up the token."""
    await register(client, ANN)
    await _ask(client, "password-reset")
    _, token = await _email_tokens(app, mailer)
    assert [await _reset(client, token, "short"), await _reset(client, token)] == [422, 204]


@pytest.mark.parametrize(("seconds", "status"), [(30 * MINUTE - 1, 204), (30 * MINUTE, 400)])
async def test_a_reset_has_half_an_hour(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer, clock: FakeClock, seconds: int, status: int
) -> None:
    """A reset token is rejected after half an hour."""
    await register(client, ANN)
    await _ask(client, "password-reset")
    _, token = await _email_tokens(app, mailer)
    clock.advance(seconds)
    assert await _reset(client, token) == status


async def test_a_newer_email_replaces_the_older(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer, clock: FakeClock
) -> None:
    """Within a minute one email is sent, however often it is requested."""
    await register(client, ANN)
    for _ in range(3):
        await _ask(client, "password-reset")
    assert len(await _email_tokens(app, mailer)) == 2
    clock.advance(2 * MINUTE)
    await _ask(client, "password-reset")
    _, first, second = await _email_tokens(app, mailer)
    assert [await _reset(client, first), await _reset(client, second)] == [400, 204]


async def test_a_changed_password_invalidates_reset_tokens(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer
) -> None:
    """A token that was sent before the change is rejected."""
    login = await logged_in(client, ANN)
    await _ask(client, "password-reset")
    _, token = await _email_tokens(app, mailer)
    body = {"current_password": ANN["password"], "new_password": NEW}
    await client.post("/me/password", json=body, headers=login.headers)
    assert await _reset(client, token, "ten orange canoes") == 400


async def test_a_token_is_good_for_its_purpose_alone(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer
) -> None:
    """A verification token changes no password, and a reset token verifies no address."""
    await register(client, ANN)
    await _ask(client, "password-reset")
    verify, reset = await _email_tokens(app, mailer)
    assert [await _reset(client, verify), await _verify(client, reset)] == [400, 400]
    assert [await _verify(client, verify), await _reset(client, reset)] == [204, 204]


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\u00e4" * 43, "x" * 512])
async def test_what_is_no_token_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    """Text of any length or script that was never sent as a token gets 400."""
    assert [await _verify(client, token), await _reset(client, token)] == [400, 400]


@pytest.mark.parametrize("what", ["verification", "password-reset"])
async def test_nobody_learns_whether_there_is_an_account(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer, what: str
) -> None:
    """A registered, an unknown and an invalid address get the same answer, and only the first gets an email."""
    await register(client, BOB)
    await registered(app, EmailOutbox).join()
    mailer.sent.clear()
    answers = [await _ask(client, what, email) for email in (BOB["email"], "eve@example.com", "not an address")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"null")}
    await registered(app, EmailOutbox).join()
    assert {email.to for email in mailer.sent} <= {BOB["email"]}


async def test_asking_is_slowed_down(client: httpx2.AsyncClient) -> None:
    """Requests for emails are throttled, so that the service cannot be used to flood a mailbox."""
    codes = [(await _ask(client, "password-reset")).status_code for _ in range(6)]
    assert codes == [202] * 5 + [429]


async def test_a_failed_email_does_not_stop_the_next(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer, clock: FakeClock
) -> None:
    """The request succeeds, and the next email is sent."""
    mailer.fails = True
    await register(client, ANN)
    await registered(app, EmailOutbox).join()
    mailer.fails = False
    clock.advance(2 * MINUTE)
    await _ask(client, "verification")
    (token,) = await _email_tokens(app, mailer)
    assert await _verify(client, token) == 204


async def test_an_email_that_crashes_does_not_stop_the_worker(
    app: FastAPI, client: httpx2.AsyncClient, mailer: FakeMailer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error is logged, and the next email is sent."""

    async def crash(_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(mailer, "send", crash)
        await register(client, ANN)
        await registered(app, EmailOutbox).join()
    clock.advance(2 * MINUTE)
    await _ask(client, "verification")
    async with asyncio.timeout(60):
        (token,) = await _email_tokens(app, mailer)
    assert await _verify(client, token) == 204
