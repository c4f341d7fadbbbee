"""Access rights: every operation of the OpenAPI document is called by every kind of caller."""

from pathlib import Path

import httpx2
import pytest

from libs.auth.scope_files import required_scopes
from libs.clock.testing import FakeClock
from libs.web.testing import operations, running
from services.user_service.app import create_app
from services.user_service.models import MAY_READ_DIRECTORY, ROLE_SCOPES, USER_SCOPES
from services.user_service.settings import UserSettings
from services.user_service.tests.client_fixtures import GRANT, basic, new_client
from services.user_service.tests.user_fixtures import ANN, BOB, EVE, PASSWORD, administrator, logged_in, register

# Anonymous, a service without any right here, a user, an administrator.
Statuses = tuple[int, int, int, int]


def _anybody(status: int) -> Statuses:
    return (status, status, status, status)


def _users(status: int) -> Statuses:
    return (401, 403, status, status)


def _administrators(status: int) -> Statuses:
    return (401, 403, 403, status)


# An operation that is missing here fails the test below: decide which callers may use it and add it.
EXPECTED: dict[tuple[str, str], Statuses] = {
    ("GET", "/livez"): _anybody(200),
    ("GET", "/readyz"): _anybody(200),
    ("GET", "/.well-known/jwks.json"): _anybody(200),
    ("GET", "/.well-known/oauth-authorization-server"): _anybody(200),
    ("POST", "/users"): _anybody(201),
    ("GET", "/me"): _users(200),
    ("PATCH", "/me"): _users(200),
    ("POST", "/me/password"): _users(204),
    ("POST", "/me/deletion"): _users(204),
    ("POST", "/auth/login"): _anybody(200),
    ("POST", "/auth/refresh"): _anybody(401),
    ("POST", "/auth/logout"): _anybody(204),
    ("POST", "/auth/verification"): _anybody(202),
    ("POST", "/auth/verification/confirmation"): _anybody(400),
    ("POST", "/auth/password-reset"): _anybody(202),
    ("POST", "/auth/password-reset/confirmation"): _anybody(400),
    # These ask for a client's secret and never for an access token; see test_clients and test_introspection.
    ("POST", "/oauth/token"): _anybody(400),
    ("POST", "/oauth/revoke"): _anybody(400),
    ("POST", "/oauth/introspect"): _anybody(400),
    ("GET", "/admin/users"): _administrators(200),
    ("GET", "/admin/audit"): _administrators(200),
    # For services only; test_directory calls it as a service with the scope.
    ("GET", "/directory/users"): (401, 403, 403, 403),
    ("PUT", "/admin/users/{user_id}/roles/{role}"): _administrators(204),
    ("DELETE", "/admin/users/{user_id}/roles/{role}"): _administrators(204),
    ("PUT", "/admin/users/{user_id}/lock"): _administrators(204),
    ("DELETE", "/admin/users/{user_id}/lock"): _administrators(204),
}
# Differences where the service sends emails; all other operations are as above.
EXPECTED_WITH_MAIL: dict[tuple[str, str], Statuses] = {("POST", "/users"): _anybody(202)}
BODIES: dict[tuple[str, str], object] = {
    ("PATCH", "/me"): {"name": "Anna"},
    ("POST", "/me/password"): {"current_password": PASSWORD, "new_password": "nine purple umbrellas"},
    ("POST", "/me/deletion"): {"password": PASSWORD},
    ("POST", "/auth/login"): {"email": EVE["email"], "password": PASSWORD},
    ("POST", "/auth/refresh"): {"refresh_token": "unknown"},
    ("POST", "/auth/verification"): {"email": EVE["email"]},
    ("POST", "/auth/verification/confirmation"): {"token": "unknown"},
    ("POST", "/auth/password-reset"): {"email": EVE["email"]},
    ("POST", "/auth/password-reset/confirmation"): {"token": "unknown", "new_password": "nine purple umbrellas"},
    ("POST", "/auth/logout"): {"refresh_token": "unknown"},
}


def test_every_operation_has_its_line(tmp_path: Path) -> None:
    """The table has every operation of the OpenAPI document and no other."""
    app = create_app(UserSettings(data_dir=tmp_path))
    offered = set(operations(app))
    assert not offered - set(EXPECTED), f"add to EXPECTED who may call {sorted(offered - set(EXPECTED))}"
    assert not set(EXPECTED) - offered, f"remove from EXPECTED {sorted(set(EXPECTED) - offered)}"


def test_scopes_of_this_service_come_from_users_and_roles(tmp_path: Path) -> None:
    """Each scope that an operation requires is one that every user, a role or only a service has."""
    app = create_app(UserSettings(data_dir=tmp_path))
    assert required_scopes(app.openapi()) == USER_SCOPES.union({MAY_READ_DIRECTORY}, *ROLE_SCOPES.values())


@pytest.mark.parametrize("operation", EXPECTED, ids=" ".join)
async def test_only_the_allowed_get_through(
    client: httpx2.AsyncClient, settings: UserSettings, operation: tuple[str, str]
) -> None:
    """Each gets the status of the table."""
    user_id = await register(client, EVE)
    callers = [{}, await _service(client, settings), await _user(client), await _administrator(client, settings)]
    method, template = operation
    path = template.format(user_id=user_id, role="auditor")
    for number, (headers, expected) in enumerate(zip(callers, EXPECTED[operation], strict=True)):
        body = BODIES.get(operation)
        if operation == ("POST", "/users"):
            body = ANN | {"email": f"new{number}@example.com"}
        answer = await client.request(method, path, json=body, headers=headers)
        assert answer.status_code == expected, (number, answer.text)
        if expected in (401, 403):
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("operation", EXPECTED_WITH_MAIL, ids=" ".join)
@pytest.mark.parametrize("email", ["new{}@example.com", EVE["email"]], ids=["free", "taken"])
async def test_everyone_may_register_where_emails_are_sent(
    client: httpx2.AsyncClient, settings: UserSettings, tmp_path: Path, operation: tuple[str, str], email: str
) -> None:
    """Each gets the status of the table, for a free and for a taken address."""
    await register(client, EVE)
    callers = [{}, await _service(client, settings), await _user(client), await _administrator(client, settings)]
    app = create_app(settings.model_copy(update={"mail": f"folder:{tmp_path / 'mail'}"}), clock=FakeClock())
    async with running(app) as with_mail:
        for number, (headers, expected) in enumerate(zip(callers, EXPECTED_WITH_MAIL[operation], strict=True)):
            person = ANN | {"email": email.format(number)}
            answer = await with_mail.request(*operation, json=person, headers=headers)
            assert answer.status_code == expected, (number, answer.text)


async def _user(client: httpx2.AsyncClient) -> dict[str, str]:
    return (await logged_in(client, ANN)).headers


async def _administrator(client: httpx2.AsyncClient, settings: UserSettings) -> dict[str, str]:
    return (await administrator(client, settings, BOB)).headers


async def _service(client: httpx2.AsyncClient, settings: UserSettings) -> dict[str, str]:
    secret = await new_client(settings, "reporting", "products:read")
    answer = await client.post("/oauth/token", data=GRANT, headers=basic("reporting", secret))
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
