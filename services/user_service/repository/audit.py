"""The SQL of the audit log: it is added to and read, and nothing else."""

from dataclasses import asdict

import sqlalchemy as sa

from libs.db.database import Connection
from services.user_service.models import Entry
from services.user_service.tables import audit_entries

_INSERT = sa.insert(audit_entries)


async def add(connection: Connection, entry: Entry) -> None:
    """Append one entry."""
    await connection.fetch_all(_INSERT, **asdict(entry))
