"""Products in the database."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.db.columns import Micros
from libs.db.database import Connection
from services.product_service.models import Draft, Product, ProductId
from services.product_service.tables import products

# In the order of the fields of `Product`.
COLUMNS = [column for column in products.c if column.name != "deleted_at"]
LIVE = products.c.deleted_at.is_(None)
_THIS = sa.and_(products.c.id == bindparam("id"), LIVE)

_READ = sa.select(*COLUMNS).where(_THIS)

_INSERT = sa.insert(products).values({column.name: bindparam(column.name) for column in COLUMNS})

_UPDATE = (
    sa.update(products)
    .where(products.c.id == bindparam("id"), LIVE, products.c.version == bindparam("seen"))
    .values(
        name=bindparam("name"),
        description=bindparam("description"),
        price_cents=bindparam("price_cents"),
        stock=bindparam("stock"),
        version=products.c.version + 1,
        updated_at=bindparam("now"),
    )
    .returning(*COLUMNS)
)

_DELETE = (
    sa.update(products)
    .where(products.c.id == bindparam("id"), LIVE, products.c.version == bindparam("seen"))
    .values(deleted_at=bindparam("now"), version=products.c.version + 1)
    .returning(products.c.id)
)


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
