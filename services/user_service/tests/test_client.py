"""The generated client against the service: every operation of the contract, by its method."""

import json
import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from libs.api_client.errors import BadRequestError, NotFoundError, UnauthorizedError
from libs.mail.testing import FakeMailer
from libs.web.testing import registered
from services.user_service.client import (
    AccountDeletion,
    Confirmation,
    Credentials,
    EmailRequest,
    IntrospectTokenBody,
    IssueTokenBody,
    OAuthErrorView,
    PasswordChange,
    PasswordReset,
    Profile,
    RefreshRequest,
    Registration,
    RevokeTokenBody,
    RoleName,
    UserServiceClient,
    UserView,
)
from services.user_service.models import ADMIN, AUDITOR
from services.user_service.service.email_outbox import EmailOutbox
from services.user_service.settings import UserSettings
from services.user_service.tests.client_fixtures import directory_reader, new_client
from services.user_service.tests.user_fixtures import ANN, grant

_PATHS = json.loads(Path("services/user_service/openapi.json").read_text())["paths"]
_OPERATIONS = {operation["operationId"] for item in _PATHS.values() for operation in item.values()}
_PASSWORD = ANN["password"]
_NEW = "nine purple umbrellas"


@pytest.fixture
def called() -> set[str]:
    """The operations that the test has called."""
    return set()


@pytest.fixture
async def users(client: httpx2.AsyncClient, called: set[str]) -> UserServiceClient:
    """The generated client, at first without a token."""

    async def record(request: httpx2.Request) -> None:
        called.add(request.extensions.get("operation", "another request of the test"))

    client.event_hooks = {"request": [record], "response": []}
    return UserServiceClient(client)


async def _log_in(users: UserServiceClient, client: httpx2.AsyncClient, password: str = _PASSWORD) -> str:
    """Log in, use the access token from now on, and return the refresh token."""
    pair = await users.log_in(Credentials(email=ANN["email"], password=password))
    client.headers["Authorization"] = f"Bearer {pair.access_token}"
    return pair.refresh_token


async def _register(users: UserServiceClient, registration: Registration) -> UserView:
    user = await users.register(registration)
    assert user is not None, "202, although the service sends no emails"
    return user


async def _last_email_token(app: FastAPI, mailer: FakeMailer) -> str:
    await registered(app, EmailOutbox).join()
    return str(re.findall(r"^[\w-]{43}$", mailer.sent[-1].text, re.MULTILINE)[0])


async def _use_accounts(users: UserServiceClient, client: httpx2.AsyncClient) -> None:
    ann = await _register(users, Registration.model_validate(ANN))
    assert (ann.email, ann.name, ann.verified) == (ANN["email"], "Ann", False)
    await _log_in(users, client)
    assert await users.read_me() == ann
    assert (await users.change_me(Profile(name="Anne"))).name == "Anne"
    await users.change_password(PasswordChange(current_password=_PASSWORD, new_password=_NEW))
    pair = await users.refresh(RefreshRequest(refresh_token=await _log_in(users, client, _NEW)))
    await users.log_out(RefreshRequest(refresh_token=pair.refresh_token))


async def _recover(users: UserServiceClient, app: FastAPI, mailer: FakeMailer) -> None:
    await users.request_verification(EmailRequest(email=ANN["email"]))
    await users.verify_address(Confirmation(token=await _last_email_token(app, mailer)))
    await users.request_password_reset(EmailRequest(email=ANN["email"]))
    token = await _last_email_token(app, mailer)
    await users.reset_password(PasswordReset(token=token, new_password=_PASSWORD))


async def _administer(users: UserServiceClient, client: httpx2.AsyncClient, settings: UserSettings) -> None:
    for role in (ADMIN, AUDITOR):
        await grant(settings, ANN, role)
    await _log_in(users, client)
    bob = await _register(users, Registration(email="bob@example.com", password=_PASSWORD, name="Bob"))
    page = await users.list_users(search="bob", limit=5)
    assert ([each.id for each in page.items], page.next) == ([bob.id], None)
    await users.grant_role(bob.id, RoleName.auditor)
    await users.revoke_role(bob.id, RoleName.auditor)
    await users.lock_user(bob.id)
    await users.unlock_user(bob.id)
    assert any(entry.target.startswith(bob.id) for entry in (await users.read_log(limit=20)).items)


async def _use_oauth(users: UserServiceClient, settings: UserSettings, refresh_token: str) -> None:
    secret = await new_client(settings, "gateway", "tokens:introspect")
    credentials = {"client_id": "gateway", "client_secret": secret}
    token = await users.issue_token(IssueTokenBody(grant_type="client_credentials", **credentials))
    assert token.scope == "tokens:introspect"
    assert (await users.introspect_token(IntrospectTokenBody(token=refresh_token, **credentials))).active is True
    await users.revoke_token(RevokeTokenBody(token=refresh_token, client_id="first-party"))
    assert (await users.introspect_token(IntrospectTokenBody(token=refresh_token, **credentials))).active is False


async def _read_directory(users: UserServiceClient, client: httpx2.AsyncClient, settings: UserSettings) -> None:
    cid = await _register(users, Registration(email="cid@example.com", password=_PASSWORD, name="Cid"))
    client.headers.update(await directory_reader(client, settings))
    directory = await users.read_directory(id=[cid.id])
    assert [(each.id, each.name) for each in directory.users] == [(cid.id, "Cid")]


async def test_every_operation_has_a_method_that_works(
    users: UserServiceClient,
    client: httpx2.AsyncClient,
    app: FastAPI,
    settings: UserSettings,
    mailer: FakeMailer,
    called: set[str],
) -> None:
    """Values come back as models with the types of the contract."""
    assert ((await users.livez()).status, (await users.readyz()).status) == ("ok", "ok")
    assert (await users.read_keys()).keys[0]["kty"] == "OKP"
    assert str((await users.read_metadata()).issuer) == settings.issuer
    await _use_accounts(users, client)
    await _recover(users, app, mailer)
    await _administer(users, client, settings)
    refresh_token = await _log_in(users, client)
    # A client of OAuth authenticates by its secret; a second way beside it is an invalid request.
    del client.headers["Authorization"]
    await _use_oauth(users, settings, refresh_token)
    await _log_in(users, client)
    await users.delete_me(AccountDeletion(password=_PASSWORD))
    await _read_directory(users, client, settings)
    assert called >= _OPERATIONS


async def test_errors_are_raised_with_their_problem(
    users: UserServiceClient, client: httpx2.AsyncClient, settings: UserSettings
) -> None:
    """Each status has an exception class; errors of OAuth operations have the body of RFC 6749."""
    await users.register(Registration.model_validate(ANN))
    with pytest.raises(UnauthorizedError) as wrong:
        await users.log_in(Credentials(email=ANN["email"], password="wrong password"))
    assert wrong.value.problem.status == 401
    with pytest.raises(BadRequestError) as refused:
        await users.issue_token(IssueTokenBody(grant_type="password"))
    assert isinstance(refused.value.body, OAuthErrorView)
    assert refused.value.body.error == "unsupported_grant_type"
    await grant(settings, ANN, ADMIN)
    await _log_in(users, client)
    with pytest.raises(NotFoundError) as missing:
        await users.lock_user("00000000-0000-4000-8000-000000000000")
    assert missing.value.operation == "lock_user"
