"""Idempotency keys in the database."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.db.database import Connection
from services.product_service.models import OwnerId, Product, ProductId
from services.product_service.tables import idempotency_keys

_FIND_KEY = sa.select(idempotency_keys.c.request_digest, idempotency_keys.c.product_id).where(
    idempotency_keys.c.owner_id == bindparam("owner_id"),
    idempotency_keys.c.key == bindparam("key"),
)
_KEEP_KEY = sa.insert(idempotency_keys)


async def find_key(connection: Connection, owner: OwnerId, key: str) -> tuple[str, ProductId] | None:
    """The digest of the request that used this key, and the product that it made."""
    row = await connection.fetch_one(_FIND_KEY, owner_id=owner, key=key)
    return (row[0], ProductId(row[1])) if row else None


async def keep_key(connection: Connection, product: Product, *, key: str, digest: str) -> None:
    """Remember that this key made this product. A second time raises UniqueViolation."""
    await connection.fetch_all(
        _KEEP_KEY,
        owner_id=product.owner_id,
        key=key,
        request_digest=digest,
        product_id=product.id,
        created_at=product.created_at,
    )
