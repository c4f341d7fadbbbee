"""Bulk imports in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import NamedTuple

from libs.db.columns import Micros
from libs.db.database import Connection
from libs.db.statements import Statement, insertion
from services.product_service.models import OwnerId, Product
from services.product_service.repository import products as singly
from services.product_service.repository.products import COLUMNS, FIELDS

BATCH = 100
_ROWS = ["(" + ", ".join(f":{name}_{row}" for name in FIELDS) + ")" for row in range(BATCH)]
_INSERT_BATCH = Statement("INSERT INTO products (", COLUMNS, ") VALUES", ", ".join(_ROWS))
_FIND_KEY = Statement("SELECT request_digest, imported FROM import_keys WHERE owner_id = :owner_id AND key = :key")
_KEEP_KEY = insertion("import_keys", ("owner_id", "key", "request_digest", "imported", "created_at"))


class UsedKey(NamedTuple):
    """What a key was used for: the digest of the drafts, and how many products they made."""

    request_digest: str
    imported: int


async def insert(transaction: Connection, made: Sequence[Product]) -> None:
    """Store up to `BATCH` new products; a full batch is one statement."""
    if len(made) < BATCH:
        for product in made:
            await singly.insert(transaction, product)
    else:
        rows = enumerate(map(asdict, made))
        values = {f"{name}_{row}": value for row, each in rows for name, value in each.items()}
        await transaction.fetch_all(_INSERT_BATCH, **values)


async def find_key(connection: Connection, owner: OwnerId, key: str) -> UsedKey | None:
    """What the key was used for; None when it never was."""
    row = await connection.fetch_one(_FIND_KEY, owner_id=owner, key=key)
    return UsedKey(*row) if row else None


async def keep_key(connection: Connection, owner: OwnerId, key: str, used: UsedKey, *, now: Micros) -> None:
    """Remember what the key was used for. A second time raises UniqueViolation."""
    await connection.fetch_all(_KEEP_KEY, owner_id=owner, key=key, **used._asdict(), created_at=now)
