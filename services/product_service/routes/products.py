"""Products over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from libs.web.pagination import Page
from libs.web.strict import StrictRoute
from libs.web.versions import IfMatch, etag, seen_version
from services.product_service.dependencies import CanReadProducts, CanWriteProducts, Products
from services.product_service.models import Product
from services.product_service.schemas.idempotency import IdempotencyKey
from services.product_service.schemas.listings import ProductQuery
from services.product_service.schemas.products import ProductDraft, ProductKey, ProductView

router = APIRouter(prefix="/products", tags=["products"], route_class=StrictRoute)


@router.post("", status_code=201)
async def create_product(
    body: ProductDraft,
    products: Products,
    owner: CanWriteProducts,
    response: Response,
    key: IdempotencyKey = None,
) -> ProductView:
    """Add a product to the catalogue."""
    product = await products.create(body.draft(), owner, key=key)
    response.headers["Location"] = f"/products/{product.id}"
    return shown(product, response)


@router.get("")
async def list_products(
    query: Annotated[ProductQuery, Query()], products: Products, reader: CanReadProducts
) -> Page[ProductView]:
    """List products: those that the filters leave, in the order of `sort`.

    Page after page shows each of them once; what is made, deleted or moved to another place of the order meanwhile may
    be missing or be there twice.
    """
    # One more than asked for tells whether there is a next page.
    found = await products.page(query.listing(), limit=query.limit + 1)
    items = found[: query.limit]
    return Page(
        items=[ProductView.of(product) for product in items],
        next=query.cursor_after(items[-1]) if len(found) > query.limit else None,
    )


@router.get("/{product_id}")
async def read_product(
    product_id: ProductKey, products: Products, reader: CanReadProducts, response: Response
) -> ProductView:
    """Return one product of the catalogue."""
    return shown(await products.get(product_id), response)


@router.put("/{product_id}")
async def change_product(
    product_id: ProductKey,
    body: ProductDraft,
    products: Products,
    owner: CanWriteProducts,
    response: Response,
    if_match: IfMatch = None,
) -> ProductView:
    """Replace what is said of a product."""
    seen = seen_version(if_match)
    return shown(await products.change(product_id, body.draft(), owner, seen=seen), response)


@router.delete("/{product_id}", status_code=204)
async def delete_product(
    product_id: ProductKey, products: Products, owner: CanWriteProducts, if_match: IfMatch = None
) -> None:
    """Take a product off the catalogue."""
    await products.delete(product_id, owner, seen=seen_version(if_match))


def shown(product: Product, response: Response) -> ProductView:
    """The product as it is answered with, and its entity tag beside it."""
    response.headers["ETag"] = etag(product.version)
    return ProductView.of(product)
