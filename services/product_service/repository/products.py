"""Products in the database."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.db.columns import Micros
from libs.db.database import Connection
from services.product_service.models import Draft, OwnerId, Position, Product, ProductId
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

_NEWEST_FIRST = (products.c.created_at.desc(), products.c.id.desc())
_BEFORE = sa.or_(
    products.c.created_at < bindparam("created_at"),
    sa.and_(products.c.created_at == bindparam("created_at"), products.c.id < bindparam("id")),
)
_FIRST_PAGE = sa.select(*COLUMNS).where(LIVE).order_by(*_NEWEST_FIRST).limit(bindparam("limit"))
_NEXT_PAGE = _FIRST_PAGE.where(_BEFORE)
_OF_OWNER = products.c.owner_id == bindparam("owner_id")
_OWNERS_FIRST_PAGE = _FIRST_PAGE.where(_OF_OWNER)
_OWNERS_NEXT_PAGE = _NEXT_PAGE.where(_OF_OWNER)


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


async def page(
    connection: Connection, *, after: Position | None, owner: OwnerId | None, limit: int
) -> Sequence[Product]:
    """Up to `limit` products, newest first, of one owner or of all."""
    values: dict[str, object] = {"limit": limit}
    if owner:
        values["owner_id"] = owner
    if after:
        values |= {"created_at": after.created_at, "id": after.id}
        statement = _OWNERS_NEXT_PAGE if owner else _NEXT_PAGE
    else:
        statement = _OWNERS_FIRST_PAGE if owner else _FIRST_PAGE
    rows = await connection.fetch_all(statement, **values)
    return [Product(*row) for row in rows]
