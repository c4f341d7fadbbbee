"""Reservations over HTTP."""

from fastapi import APIRouter, Response

from libs.web.strict import StrictRoute
from services.product_service.dependencies import CanReserveProducts, Stock
from services.product_service.routes.products import shown
from services.product_service.schemas.products import ProductKey, ProductView
from services.product_service.schemas.reservations import Reservation

router = APIRouter(prefix="/products/{product_id}/reservations", tags=["reservations"], route_class=StrictRoute)


@router.post("", status_code=201)
async def reserve_product(
    product_id: ProductKey, body: Reservation, stock: Stock, buyer: CanReserveProducts, response: Response
) -> ProductView:
    """Set pieces aside, all of them or none."""
    return shown(await stock.reserve(product_id, body.quantity), response)
