"""Dependencies of handlers: services and permissions, each a named type."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response
from starlette.requests import ClientDisconnect

from libs.auth.claims import Claims, Role
from libs.auth.fastapi import requires
from libs.web.content_type import require_content
from libs.web.etags import etag
from libs.web.injection import injected
from services.product_service.models import Actor, OwnerId, Product
from services.product_service.schemas.products import ProductView
from services.product_service.service.imports import ImportService
from services.product_service.service.owners import OwnerNames
from services.product_service.service.products import ProductService
from services.product_service.service.reservations import ReservationService
from services.product_service.settings import ProductSettings

ADMIN = Role("admin")

OwnerNamesDep = Annotated[OwnerNames, injected(OwnerNames)]


async def _csv_body(request: Request) -> AsyncIterator[bytes]:
    """Return the body in pieces, as they come."""
    require_content(request, "text/csv")
    return _pieces(request)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise HTTPException(400, "The body ended too early.") from None


class ProductPresenter:
    """Makes the view of one product, with its owner's name, and sets the entity tag of the response."""

    def __init__(self, owners: OwnerNamesDep, response: Response) -> None:
        self._owners = owners
        self._response = response

    async def __call__(self, product: Product | ProductView) -> ProductView:
        """Return what clients see of a product."""
        self._response.headers["ETag"] = etag(product.version)
        names = await self._owners.find([product.owner_id])
        return ProductView.model_validate(product).with_owner(names[product.owner_id])


def _actor(claims: Claims) -> Actor:
    return Actor(OwnerId(claims.subject), is_admin=ADMIN in claims.roles)


async def _writer(claims: Annotated[Claims, requires("products:write")]) -> Actor:
    return _actor(claims)


async def _buyer(claims: Annotated[Claims, requires("products:reserve")]) -> Actor:
    return _actor(claims)


ProductServiceDep = Annotated[ProductService, injected(ProductService)]
ReservationServiceDep = Annotated[ReservationService, injected(ReservationService)]
ImportServiceDep = Annotated[ImportService, injected(ImportService)]
PresentProduct = Annotated[ProductPresenter, Depends(ProductPresenter)]
SettingsDep = Annotated[ProductSettings, injected(ProductSettings)]
CsvBody = Annotated[AsyncIterator[bytes], Depends(_csv_body, use_cache=False)]
CanReadProducts = Annotated[Claims, requires("products:read")]
CanReserveProducts = Annotated[Actor, Depends(_buyer, use_cache=False)]
CanWriteProducts = Annotated[Actor, Depends(_writer, use_cache=False)]
