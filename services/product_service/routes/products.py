"""Products over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from libs.web.etags import IfMatch, etag, seen_version
from libs.web.openapi import ETAG, LOCATION, response_headers
from libs.web.strict import StrictRoute
from services.product_service.dependencies import CanReadProducts, CanWriteProducts, ProductServiceDep
from services.product_service.models import Product
from services.product_service.schemas.idempotency import IdempotencyKey
from services.product_service.schemas.listings import ProductQuery
from services.product_service.schemas.products import ProductInput, ProductKey, ProductPage, ProductView

router = APIRouter(prefix="/products", tags=["products"], route_class=StrictRoute)


@router.post("", status_code=201, responses=response_headers(201, LOCATION, ETAG))
async def create_product(
    body: ProductInput,
    products: ProductServiceDep,
    actor: CanWriteProducts,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ProductView:
    """Add a product to the catalogue."""
    product = await products.create(body, actor, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/products/{product.id}"
    return shown(product, response)


@router.get("")
async def list_products(
    query: Annotated[ProductQuery, Query()], products: ProductServiceDep, reader: CanReadProducts
) -> ProductPage:
    """List the products that match the filters, in the order of `sort`.

    The pages show each product once. One that is created, deleted or moved within the order meanwhile may be missing or
    be there twice.
    """
    found = await products.page(query.listing(), limit=query.limit + 1)
    return ProductPage.of(found, limit=query.limit, cursor=query.cursor_after)


@router.get("/{product_id}", responses=response_headers(200, ETAG))
async def read_product(
    product_id: ProductKey, products: ProductServiceDep, reader: CanReadProducts, response: Response
) -> ProductView:
    """Return one product of the catalogue."""
    return shown(await products.get(product_id), response)


@router.put("/{product_id}", responses=response_headers(200, ETAG))
async def change_product(
    product_id: ProductKey,
    body: ProductInput,
    products: ProductServiceDep,
    actor: CanWriteProducts,
    response: Response,
    if_match: IfMatch = None,
) -> ProductView:
    """Replace a product."""
    seen = seen_version(if_match)
    return shown(await products.change(product_id, body, actor, seen=seen), response)


@router.delete("/{product_id}", status_code=204)
async def delete_product(
    product_id: ProductKey, products: ProductServiceDep, actor: CanWriteProducts, if_match: IfMatch = None
) -> None:
    """Delete a product."""
    await products.delete(product_id, actor, seen=seen_version(if_match))


def shown(product: Product | ProductView, response: Response) -> ProductView:
    """Return what clients see of a product, and set its entity tag."""
    response.headers["ETag"] = etag(product.version)
    return ProductView.model_validate(product)
