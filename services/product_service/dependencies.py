"""What a handler may ask for: collaborators and permissions, each a named type."""

from typing import Annotated

from fastapi import Depends, Request

from libs.auth.claims import Claims, Role
from libs.auth.fastapi import requires
from services.product_service.models import Actor, OwnerId
from services.product_service.service.products import Catalogue
from services.product_service.service.reservations import Reservations

ADMIN = Role("admin")


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


async def _stock(request: Request) -> Reservations:
    stock: Reservations = request.app.state.stock
    return stock


async def _writer(claims: Annotated[Claims, requires("products:write")]) -> Actor:
    return Actor(OwnerId(claims.subject), is_admin=ADMIN in claims.roles)


Products = Annotated[Catalogue, Depends(_catalogue, use_cache=False)]
Stock = Annotated[Reservations, Depends(_stock, use_cache=False)]
CanReadProducts = Annotated[Claims, requires("products:read")]
CanReserveProducts = Annotated[Claims, requires("products:reserve")]
CanWriteProducts = Annotated[Actor, Depends(_writer, use_cache=False)]
