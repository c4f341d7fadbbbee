"""Idempotency keys in the database."""

from libs.db.database import Connection
from libs.db.statements import Statement, insertion
from services.product_service.models import OwnerId, Product, ProductId

_FIND_KEY = Statement(
    "SELECT request_digest, product_id FROM idempotency_keys WHERE owner_id = :owner_id AND key = :key"
)
_KEEP_KEY = insertion("idempotency_keys", ("owner_id", "key", "request_digest", "product_id", "created_at"))


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
