"""What a handler may ask for: collaborators and permissions, each a named type."""

from collections.abc import AsyncIterator
from email.message import Message
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.requests import ClientDisconnect

from libs.auth.claims import Claims, Role
from libs.auth.fastapi import requires
from libs.web.collaborators import collaborator
from services.product_service.models import Actor, OwnerId
from services.product_service.service.imports import ImportService
from services.product_service.service.products import ProductService
from services.product_service.service.reservations import ReservationService
from services.product_service.settings import ProductSettings

ADMIN = Role("admin")


async def _csv_body(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces, as they come; 415 for what does not say that it is CSV in UTF-8 and not compressed."""
    content = Message()
    content["Content-Type"] = request.headers.get("content-type", "")
    is_csv = content.get_content_type() == "text/csv" and content.get_content_charset("utf-8") == "utf-8"
    if not is_csv or "content-encoding" in request.headers:
        raise HTTPException(415, "The body has to be text/csv in UTF-8, not compressed.")
    return _pieces(request)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise HTTPException(400, "The body ended too early.") from None


def _actor(claims: Claims) -> Actor:
    return Actor(OwnerId(claims.subject), is_admin=ADMIN in claims.roles)


async def _writer(claims: Annotated[Claims, requires("products:write")]) -> Actor:
    return _actor(claims)


async def _buyer(claims: Annotated[Claims, requires("products:reserve")]) -> Actor:
    return _actor(claims)


ProductServiceDep = Annotated[ProductService, collaborator("products")]
ReservationServiceDep = Annotated[ReservationService, collaborator("reservations")]
ImportServiceDep = Annotated[ImportService, collaborator("imports")]
SettingsDep = Annotated[ProductSettings, collaborator("settings")]
CsvBody = Annotated[AsyncIterator[bytes], Depends(_csv_body, use_cache=False)]
CanReadProducts = Annotated[Claims, requires("products:read")]
CanReserveProducts = Annotated[Actor, Depends(_buyer, use_cache=False)]
CanWriteProducts = Annotated[Actor, Depends(_writer, use_cache=False)]
