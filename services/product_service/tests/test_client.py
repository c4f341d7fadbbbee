"""The generated client against the service: every operation of the contract, by its method."""

import json
from pathlib import Path

import httpx2
import pytest

from libs.api_client.errors import NotFoundError, PreconditionFailedError, UnprocessableContentError
from libs.auth.testing import TokenFactory
from services.product_service.client import ProductInput, ProductServiceClient, ProductSort, ReservationInput
from services.product_service.tests.token_headers import ANN, ann

_PATHS = json.loads(Path("services/product_service/openapi.json").read_text())["paths"]
_OPERATIONS = {operation["operationId"] for item in _PATHS.values() for operation in item.values()}
_TEA = ProductInput(name="Tea", price_cents=450, stock=3)


@pytest.fixture
def called() -> set[str]:
    """The operations that the test has called."""
    return set()


@pytest.fixture
async def products(client: httpx2.AsyncClient, factory: TokenFactory, called: set[str]) -> ProductServiceClient:
    """The generated client, with the token of an owner."""

    async def record(request: httpx2.Request) -> None:
        called.add(request.extensions.get("operation", "another request of the test"))

    client.headers.update(ann(factory))
    client.event_hooks = {"request": [record], "response": []}
    return ProductServiceClient(client)


async def test_every_operation_has_a_method_that_works(products: ProductServiceClient, called: set[str]) -> None:
    """Values come back as models with the types of the contract."""
    assert ((await products.livez()).status, (await products.readyz()).status) == ("ok", "ok")
    made = await products.create_product_response(_TEA, idempotency_key="order-1")
    tea = made.body
    assert (made.status, made.location, tea.name, tea.description, tea.owner_id) == (
        201,
        f"/products/{tea.id}",
        "Tea",
        "",
        ANN,
    )
    assert (await products.create_product(_TEA, idempotency_key="order-1")).id == tea.id
    read = await products.read_product_response(tea.id)
    assert (read.etag, read.body) == (made.etag, tea)
    changed = await products.change_product(tea.id, ProductInput(name="Mate", price_cents=1), if_match=read.etag)
    assert (changed.name, changed.stock, changed.version) == ("Mate", 0, 2)
    assert (await products.import_products("name,price_cents,stock\r\nGrüner Tee,450,3\r\n")).imported == 1
    page = await products.list_products(sort=ProductSort.PRICE_DESC, min_price_cents=2, in_stock=True, limit=1)
    assert ([each.name for each in page.items], page.next) == (["Grüner Tee"], None)
    green = page.items[0].id
    reservation = await products.reserve_product(green, ReservationInput(quantity=2))
    assert await products.read_reservation(green, reservation.id) == reservation
    await products.cancel_reservation(green, reservation.id)
    await products.delete_product(tea.id)
    assert called == _OPERATIONS


async def test_errors_are_raised_with_their_problem(products: ProductServiceClient) -> None:
    """Each status has an exception class, with a problem type of the contract."""
    nowhere = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(NotFoundError) as missing:
        await products.read_product(nowhere)
    assert missing.value.problem.type == "urn:problem:product-not-found"
    tea = await products.create_product(_TEA)
    with pytest.raises(PreconditionFailedError):
        await products.delete_product(tea.id, if_match='"7"')
    with pytest.raises(UnprocessableContentError) as invalid:
        await products.list_products(limit=0)
    assert invalid.value.problem.model_extra is not None
    assert invalid.value.problem.model_extra["errors"][0]["pointer"] == "/limit"
    with pytest.raises(NotFoundError):
        await products.read_product("../livez")
