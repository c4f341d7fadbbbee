"""Products in the database."""

from dataclasses import asdict, fields

from libs.db.columns import Micros
from libs.db.database import Connection
from libs.db.statements import Statement, insertion
from services.product_service.models import Draft, Product, ProductId

FIELDS = [field.name for field in fields(Product)]
COLUMNS = ", ".join(FIELDS)
LIVE = "deleted_at IS NULL"
_AS_SEEN = "WHERE id = :id AND version = :seen AND deleted_at IS NULL"

_READ = Statement("SELECT", COLUMNS, "FROM products WHERE id = :id AND", LIVE)
_INSERT = insertion("products", FIELDS)
_UPDATE = Statement(
    """
    UPDATE products SET name = :name, description = :description, price_cents = :price_cents, stock = :stock,
        version = version + 1, updated_at = :now
    """,
    _AS_SEEN,
    "RETURNING",
    COLUMNS,
)
_DELETE = Statement("UPDATE products SET deleted_at = :now, version = version + 1", _AS_SEEN, "RETURNING id")


async def find(connection: Connection, product_id: ProductId) -> Product | None:
    """The product, unless it is deleted or never was."""
    row = await connection.fetch_one(_READ, id=product_id)
    return Product(*row) if row else None


async def insert(connection: Connection, product: Product) -> None:
    """Store a new product."""
    await connection.fetch_all(_INSERT, **asdict(product))


async def update(
    connection: Connection, product_id: ProductId, draft: Draft, *, seen: int, now: Micros
) -> Product | None:
    """Change the product if it is still at version `seen`; None when it is not."""
    row = await connection.fetch_one(_UPDATE, id=product_id, seen=seen, now=now, **asdict(draft))
    return Product(*row) if row else None


async def delete(connection: Connection, product_id: ProductId, *, seen: int, now: Micros) -> bool:
    """Hide the product if it is still at version `seen`; whether it was."""
    return await connection.fetch_one(_DELETE, id=product_id, seen=seen, now=now) is not None
