"""Reservations in the database."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.db.columns import Micros
from libs.db.database import Connection
from services.product_service.models import Product, ProductId
from services.product_service.repository.products import COLUMNS, LIVE
from services.product_service.tables import products

# One statement decides and takes, so no two buyers can be promised the same piece.
_RESERVE = (
    sa.update(products)
    .where(products.c.id == bindparam("id"), LIVE, products.c.stock >= bindparam("quantity"))
    .values(
        stock=products.c.stock - bindparam("quantity"),
        version=products.c.version + 1,
        updated_at=bindparam("now"),
    )
    .returning(*COLUMNS)
)


async def reserve(connection: Connection, product_id: ProductId, *, quantity: int, now: Micros) -> Product | None:
    """Take `quantity` from the stock if there are as many; None when there are not."""
    row = await connection.fetch_one(_RESERVE, id=product_id, quantity=quantity, now=now)
    return Product(*row) if row else None
