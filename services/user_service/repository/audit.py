"""The SQL of the audit log: it is added to and read, and nothing else."""

from collections.abc import Sequence
from dataclasses import asdict, fields

from libs.db.database import Connection
from libs.db.statements import Statement, insertion
from services.user_service.models import Action, Entry, Position

_FIELDS = [field.name for field in fields(Entry)]
_COLUMNS = ", ".join(_FIELDS)
_NEWEST_FIRST = "ORDER BY at DESC, id DESC LIMIT :limit"
_INSERT = insertion("audit_entries", _FIELDS)
_FIRST_PAGE = Statement("SELECT", _COLUMNS, "FROM audit_entries", _NEWEST_FIRST)
_NEXT_PAGE = Statement(
    "SELECT",
    _COLUMNS,
    "FROM audit_entries WHERE at < :moment OR at = :moment AND id < :after_id",
    _NEWEST_FIRST,
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
