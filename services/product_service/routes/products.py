"""Products over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from libs.web.etags import IfMatch, seen_version
from libs.web.openapi import ETAG, LOCATION, response_headers
from libs.web.strict import StrictRoute
from services.product_service.dependencies import (
    CanReadProducts,
    CanWriteProducts,
    OwnerNamesDep,
    PresentProduct,
    ProductServiceDep,
)
from services.product_service.schemas.idempotency import IdempotencyKey
from services.product_service.schemas.listings import ProductQuery
from services.product_service.schemas.products import ProductInput, ProductKey, ProductPage, ProductView

router = APIRouter(prefix="/products", tags=["products"], route_class=StrictRoute)


@router.post("", status_code=201, responses=response_headers(201, LOCATION, ETAG))
async def create_product(
    body: ProductInput,
    products: ProductServiceDep,
    present: PresentProduct,
    actor: CanWriteProducts,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ProductView:
    """Add a product to the catalogue."""
    product = await products.create(body, actor, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/products/{product.id}"
    return await present(product)


@router.get("")
async def list_products(
    query: Annotated[ProductQuery, Query()],
    products: ProductServiceDep,
    owners: OwnerNamesDep,
    reader: CanReadProducts,
) -> ProductPage:
    """List the products that match the filters, in the order of `sort`.

    The pages show each product once. One that is created, deleted or moved within the order meanwhile may be missing or
    be there twice.
    """
    found = await products.page(query.listing(), limit=query.limit + 1)
    page = ProductPage.of(found, limit=query.limit, cursor=query.cursor_after)
    names = await owners.find({product.owner_id for product in page.items})
    return ProductPage(items=[product.with_owner(names[product.owner_id]) for product in page.items], next=page.next)


@router.get("/{product_id}", responses=response_headers(200, ETAG))
async def read_product(
    product_id: ProductKey, products: ProductServiceDep, present: PresentProduct, reader: CanReadProducts
) -> ProductView:
    """Return one product of the catalogue."""
    return await present(await products.get(product_id))


@router.put("/{product_id}", responses=response_headers(200, ETAG))
async def change_product(
    product_id: ProductKey,
    body: ProductInput,
    products: ProductServiceDep,
    present: PresentProduct,
    actor: CanWriteProducts,
    if_match: IfMatch = None,
) -> ProductView:
    """Replace a product."""
    seen = seen_version(if_match)
    return await present(await products.change(product_id, body, actor, seen=seen))


@router.delete("/{product_id}", status_code=204)
async def delete_product(
    product_id: ProductKey, products: ProductServiceDep, actor: CanWriteProducts, if_match: IfMatch = None
) -> None:
    """Delete a product."""
    await products.delete(product_id, actor, seen=seen_version(if_match))
