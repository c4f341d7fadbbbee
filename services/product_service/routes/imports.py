"""Bulk imports over HTTP."""

from fastapi import APIRouter

from services.product_service.dependencies import CanWriteProducts, CsvBody, ImportServiceDep, SettingsDep
from services.product_service.schemas.idempotency import IdempotencyKey
from services.product_service.schemas.imports import CSV_BODY, ImportView, product_rows


def imports_router(max_body_size: int) -> APIRouter:
    """Return the routes. `max_body_size` is the largest file, in bytes."""
    router = APIRouter(prefix="/products/imports", tags=["imports"], max_body_size=max_body_size)
    router.add_api_route("", import_products, methods=["POST"], status_code=201, openapi_extra=CSV_BODY)
    return router


async def import_products(
    actor: CanWriteProducts,
    body: CsvBody,
    imports: ImportServiceDep,
    settings: SettingsDep,
    idempotency_key: IdempotencyKey = None,
) -> ImportView:
    """Make a product of each row of a CSV file, or of none.

    A file with invalid rows is answered with 422 and `rows`: the line, the column and what is wrong there, for the
    first hundred errors.
    """
    rows = product_rows(body, max_rows=settings.max_import_rows)
    return await imports.store(rows, actor, idempotency_key=idempotency_key)
