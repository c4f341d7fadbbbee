"""Access rights: every operation of the OpenAPI document is called by every kind of caller."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from libs.auth.scope_files import declared_scopes, required_scopes
from libs.auth.testing import AUDIENCE, ISSUER, InvalidTokenFactory, TokenFactory
from libs.web.testing import operations, running
from services.product_service.app import create_app
from services.product_service.settings import ProductSettings
from services.product_service.tests.token_headers import TEA, Headers, ann, bob, outsider, root

_SERVICES = Path(__file__).absolute().parents[2]
CALLERS: dict[str, Callable[[TokenFactory], Headers]] = {
    "anonymous": lambda _: {},
    "outsider": outsider,
    "owner": ann,
    "other": bob,
    "admin": root,
}
PUBLIC = dict.fromkeys(CALLERS, 200)


def _needs_token(*, owner: int, other: int, admin: int) -> dict[str, int]:
    return {"anonymous": 401, "outsider": 403, "owner": owner, "other": other, "admin": admin}


# An operation that is missing here fails the test below: decide which callers may use it and add it.
EXPECTED = {
    ("GET", "/livez"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("POST", "/products"): _needs_token(owner=201, other=201, admin=201),
    ("GET", "/products"): _needs_token(owner=200, other=200, admin=200),
    ("GET", "/products/{product_id}"): _needs_token(owner=200, other=200, admin=200),
    ("PUT", "/products/{product_id}"): _needs_token(owner=200, other=404, admin=200),
    ("DELETE", "/products/{product_id}"): _needs_token(owner=204, other=404, admin=204),
    ("POST", "/products/imports"): _needs_token(owner=201, other=201, admin=201),
    ("POST", "/products/{product_id}/reservations"): _needs_token(owner=201, other=201, admin=201),
    # The caller "other" made the reservation.
    ("GET", "/products/{product_id}/reservations/{reservation_id}"): _needs_token(owner=404, other=200, admin=200),
    ("DELETE", "/products/{product_id}/reservations/{reservation_id}"): _needs_token(owner=404, other=204, admin=204),
}
BODIES: dict[tuple[str, str], object] = {
    ("POST", "/products"): TEA,
    ("PUT", "/products/{product_id}"): TEA,
    ("POST", "/products/{product_id}/reservations"): {"quantity": 1},
}
FILES = {("POST", "/products/imports"): b"name,price_cents\nTea,450\n"}


def test_every_operation_has_its_line() -> None:
    """The table has every operation of the OpenAPI document and no other."""
    app = create_app(ProductSettings(issuer=ISSUER, audience=AUDIENCE))
    offered = set(operations(app))
    assert not offered - set(EXPECTED), f"add to EXPECTED who may call {sorted(offered - set(EXPECTED))}"
    assert not set(EXPECTED) - offered, f"remove from EXPECTED {sorted(set(EXPECTED) - offered)}"


def test_scopes_are_declared_for_the_issuer() -> None:
    """scopes.json lists the scopes that the operations require, no more and no less."""
    app = create_app(ProductSettings(issuer=ISSUER, audience=AUDIENCE))
    assert set(declared_scopes(_SERVICES, ["product_service"])) == required_scopes(app.openapi())


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", EXPECTED, ids=" ".join)
async def test_only_the_allowed_get_through(
    client: httpx2.AsyncClient, factory: TokenFactory, operation: tuple[str, str], caller: str
) -> None:
    """Each caller gets the status of the table, and a refused request changes nothing."""
    made = await client.post("/products", json=TEA, headers=ann(factory))
    reserved = await client.post(f"{made.headers['location']}/reservations", json={"quantity": 1}, headers=bob(factory))
    before = await client.get(made.headers["location"], headers=ann(factory))
    method, template = operation
    path = template.format(product_id=made.json()["id"], reservation_id=reserved.json()["id"])

    headers = CALLERS[caller](factory) | ({"Content-Type": "text/csv"} if operation in FILES else {})
    answer = await client.request(
        method, path, json=BODIES.get(operation), content=FILES.get(operation), headers=headers
    )

    expected = EXPECTED[operation][caller]
    assert answer.status_code == expected, answer.text
    if expected == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    if expected >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        after = await client.get(made.headers["location"], headers=ann(factory))
        assert after.content == before.content


@pytest.mark.parametrize(("seconds", "status"), [(900, 200), (901, 401)])
async def test_a_token_lives_no_longer_than_the_setting_says(
    settings: ProductSettings, factory: TokenFactory, seconds: int, status: int
) -> None:
    """A token with a longer lifetime than `max_access_token_seconds` is rejected."""
    wider = settings.model_copy(update={"max_access_token_seconds": 900})
    invalid_tokens = InvalidTokenFactory(factory)
    token = invalid_tokens.token(payload={"exp": invalid_tokens.payload["iat"] + seconds, "scope": "products:read"})
    async with running(create_app(wider, clock=factory.clock, keys=factory.keys)) as client:
        answer = await client.get("/products", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status
