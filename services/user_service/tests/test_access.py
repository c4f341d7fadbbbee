"""Who may do what: every operation that the OpenAPI document offers, with and without a token."""

from pathlib import Path

import httpx
import pytest

from libs.web.testing import operations
from services.user_service.app import create_app
from services.user_service.settings import UserSettings
from services.user_service.tests.people import ANN, BOB, logged_in

# An operation that is missing here fails the test below: say who may, then add it.
EXPECTED = {
    ("GET", "/livez"): (200, 200),
    ("GET", "/readyz"): (200, 200),
    ("GET", "/.well-known/jwks.json"): (200, 200),
    ("POST", "/users"): (201, 201),
    ("GET", "/me"): (401, 200),
    ("PATCH", "/me"): (401, 200),
    ("POST", "/me/password"): (401, 204),
    ("POST", "/me/deletion"): (401, 204),
    ("POST", "/auth/login"): (200, 200),
    ("POST", "/auth/refresh"): (401, 401),
    ("POST", "/auth/logout"): (204, 204),
    ("POST", "/oauth/token"): (400, 400),
    ("POST", "/oauth/revoke"): (400, 400),
}
BODIES: dict[tuple[str, str], object] = {
    ("POST", "/users"): BOB,
    ("PATCH", "/me"): {"name": "Anna"},
    ("POST", "/me/password"): {"current_password": ANN["password"], "new_password": "nine purple umbrellas"},
    ("POST", "/me/deletion"): {"password": ANN["password"]},
    ("POST", "/auth/login"): {"email": ANN["email"], "password": ANN["password"]},
    ("POST", "/auth/refresh"): {"refresh_token": "unknown"},
    ("POST", "/auth/logout"): {"refresh_token": "unknown"},
}


def test_every_operation_has_its_line(tmp_path: Path) -> None:
    """What is offered and what is tried here are the same."""
    app = create_app(UserSettings(data_dir=tmp_path))
    assert set(operations(app)) == set(EXPECTED)


@pytest.mark.parametrize("has_token", [False, True], ids=["anonymous", "user"])
@pytest.mark.parametrize("operation", EXPECTED, ids=" ".join)
async def test_only_the_allowed_get_through(
    client: httpx.AsyncClient, operation: tuple[str, str], *, has_token: bool
) -> None:
    """Without and with a token each operation gives the status of the table."""
    login = await logged_in(client, ANN)
    method, path = operation
    headers = login.headers if has_token else {}
    answer = await client.request(method, path, json=BODIES.get(operation), headers=headers)
    assert answer.status_code == EXPECTED[operation][has_token], answer.text
