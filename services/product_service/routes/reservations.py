"""Reservations over HTTP."""

from fastapi import APIRouter, Response

from libs.web.openapi import LOCATION, response_headers
from libs.web.strict import StrictRoute
from services.product_service.dependencies import CanReserveProducts, ReservationServiceDep
from services.product_service.schemas.idempotency import IdempotencyKey
from services.product_service.schemas.products import ProductKey
from services.product_service.schemas.reservations import ReservationInput, ReservationKey, ReservationView

router = APIRouter(prefix="/products/{product_id}/reservations", tags=["reservations"], route_class=StrictRoute)


@router.post("", status_code=201, responses=response_headers(201, LOCATION))
async def reserve_product(
    product_id: ProductKey,
    body: ReservationInput,
    reservations: ReservationServiceDep,
    buyer: CanReserveProducts,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ReservationView:
    """Reserve pieces of a product, all of them or none, until the reservation expires."""
    made = await reservations.reserve(product_id, body.quantity, buyer, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/products/{product_id}/reservations/{made.id}"
    return made


@router.get("/{reservation_id}")
async def read_reservation(
    product_id: ProductKey,
    reservation_id: ReservationKey,
    reservations: ReservationServiceDep,
    buyer: CanReserveProducts,
) -> ReservationView:
    """Return a reservation of the caller."""
    return ReservationView.model_validate(await reservations.get(product_id, reservation_id, buyer))


@router.delete("/{reservation_id}", status_code=204)
async def cancel_reservation(
    product_id: ProductKey,
    reservation_id: ReservationKey,
    reservations: ReservationServiceDep,
    buyer: CanReserveProducts,
) -> None:
    """Cancel a reservation of the caller; the pieces go back to the stock."""
    await reservations.cancel(product_id, reservation_id, buyer)
