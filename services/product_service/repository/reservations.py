"""Reservations in the database."""

from libs.db.columns import Micros
from libs.db.database import Connection
from libs.db.statements import Statement
from services.product_service.models import Product, ProductId
from services.product_service.repository.products import COLUMNS

# One statement decides and takes, so no two buyers can be promised the same piece.
_RESERVE = Statement(
    """
    UPDATE products SET stock = stock - :quantity, version = version + 1, updated_at = :now
    WHERE id = :id AND deleted_at IS NULL AND stock >= :quantity RETURNING
    """,
    COLUMNS,
)


async def reserve(connection: Connection, product_id: ProductId, *, quantity: int, now: Micros) -> Product | None:
    """Take `quantity` from the stock if there are as many; None when there are not."""
    row = await connection.fetch_one(_RESERVE, id=product_id, quantity=quantity, now=now)
    return Product(*row) if row else None
