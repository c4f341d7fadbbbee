"""Requests of a client to both services."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from libs.auth.claims import ClientId, Scope, Subject
from libs.auth.keys import KeyRing
from libs.auth.testing import new_ring
from libs.auth.tokens import TokenIssuer
from libs.clock.testing import FakeClock
from tests.program import ISSUER
from tests.service_stack import ServiceStack, running_stack

ANN = {"email": "ann@example.com", "password": "seven green lanterns", "name": "Ann"}
TEA = {"name": "Tea", "description": "Leaves", "price_cents": 450, "stock": 3}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceStack]:
    """Both services, started once for all tests here."""
    with running_stack(tmp_path_factory.mktemp("data")) as opened:
        yield opened


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    """A client that ignores proxy settings."""
    with httpx2.Client(trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def token(stack: ServiceStack, http: httpx2.Client) -> str:
    """An access token of Ann, obtained by a login."""
    registered = http.post(f"{stack.users.url}/users", json=ANN)
    assert registered.status_code == 201, registered.text
    credentials = {"email": ANN["email"], "password": ANN["password"]}
    login = http.post(f"{stack.users.url}/auth/login", json=credentials)
    assert login.status_code == 200, login.text
    return str(login.json()["access_token"])


def test_a_registered_user_creates_a_product_and_reads_it(stack: ServiceStack, http: httpx2.Client, token: str) -> None:
    """One login at the user service is enough for the product service."""
    mine = {"Authorization": f"Bearer {token}"}

    me = http.get(f"{stack.users.url}/me", headers=mine).json()
    created = http.post(f"{stack.products.url}/products", json=TEA, headers=mine)
    assert created.status_code == 201, created.text
    read = http.get(stack.products.url + created.headers["location"], headers=mine)

    assert read.json() == created.json()
    assert read.json()["owner_id"] == me["id"]
    assert read.json() | TEA == read.json()


def test_a_wrong_token_is_refused(stack: ServiceStack, http: httpx2.Client, token: str) -> None:
    """A changed signature, a missing token and half a token are 401 without further details."""
    changed = token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB")
    for wrong in (changed, token.rpartition(".")[0], "x"):
        _assert_refused(http, stack, wrong)
    assert http.get(f"{stack.products.url}/products").status_code == 401


def test_an_expired_token_is_refused(stack: ServiceStack, http: httpx2.Client) -> None:
    """An expired token with a valid signature is rejected."""
    clock = FakeClock(datetime.now(UTC) - timedelta(hours=1))
    keys = KeyRing.from_folder(stack.users.folder / "keys", clock=FakeClock(datetime.now(UTC)))
    _assert_refused(http, stack, _issued(keys, clock))


def test_a_foreign_token_is_refused(stack: ServiceStack, http: httpx2.Client) -> None:
    """A valid token that is signed by another issuer's key is rejected."""
    clock = FakeClock(datetime.now(UTC))
    _assert_refused(http, stack, _issued(new_ring(clock=clock), clock))


def test_a_fresh_token_of_the_service_is_taken(stack: ServiceStack, http: httpx2.Client) -> None:
    """The same token with valid time and key is accepted, so the two tests above fail for no other reason."""
    clock = FakeClock(datetime.now(UTC))
    token = _issued(KeyRing.from_folder(stack.users.folder / "keys", clock=clock), clock)
    answer = http.get(f"{stack.products.url}/products", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text


def _issued(keys: KeyRing, clock: FakeClock) -> str:
    return TokenIssuer(keys=keys, issuer=ISSUER, clock=clock).issue(
        subject=Subject("somebody"),
        audience="api",
        client_id=ClientId("first-party"),
        scopes=[Scope("products:read")],
    )


def _assert_refused(http: httpx2.Client, stack: ServiceStack, token: str) -> None:
    answer = http.get(f"{stack.products.url}/products", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_data_folder_holds_no_secret_that_others_can_read(stack: ServiceStack) -> None:
    """Private keys can be read only by their owner."""
    keys = list((stack.users.folder / "keys").glob("*.pem"))
    assert keys
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)
