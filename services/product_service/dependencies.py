"""What a handler may ask for: collaborators and permissions, each a named type."""

from typing import Annotated

from fastapi import Depends, Request

from libs.auth.claims import Claims, Role
from libs.auth.fastapi import requires
from services.product_service.models import Actor, OwnerId
from services.product_service.service import Catalogue

ADMIN = Role("admin")


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


async def _writer(claims: Annotated[Claims, requires("products:write")]) -> Actor:
    return Actor(OwnerId(claims.subject), is_admin=ADMIN in claims.roles)


Products = Annotated[Catalogue, Depends(_catalogue, use_cache=False)]
CanReadProducts = Annotated[Claims, requires("products:read")]
CanReserveProducts = Annotated[Claims, requires("products:reserve")]
CanWriteProducts = Annotated[Actor, Depends(_writer, use_cache=False)]
