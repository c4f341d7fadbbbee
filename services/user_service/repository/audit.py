"""The SQL of the audit log: it is added to and read, and nothing else."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.db.database import Connection
from services.user_service.models import Action, Entry, Position
from services.user_service.tables import audit_entries

_INSERT = sa.insert(audit_entries)
_FIRST_PAGE = (
    sa.select(audit_entries).order_by(audit_entries.c.at.desc(), audit_entries.c.id.desc()).limit(bindparam("limit"))
)
_NEXT_PAGE = _FIRST_PAGE.where(
    sa.or_(
        audit_entries.c.at < bindparam("moment"),
        sa.and_(audit_entries.c.at == bindparam("moment"), audit_entries.c.id < bindparam("after_id")),
    )
)


async def add(connection: Connection, entry: Entry) -> None:
    """Append one entry."""
    await connection.fetch_all(_INSERT, **asdict(entry))


async def page(connection: Connection, *, after: Position | None, limit: int) -> Sequence[Entry]:
    """Up to `limit` entries, newest first."""
    if after is None:
        rows = await connection.fetch_all(_FIRST_PAGE, limit=limit)
    else:
        rows = await connection.fetch_all(_NEXT_PAGE, limit=limit, moment=after.moment, after_id=after.id)
    return [
        Entry(id=name, at=at, actor=actor, action=Action(action), target=target, request_id=request_id)
        for name, at, actor, action, target, request_id in rows
    ]
