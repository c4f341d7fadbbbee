"""Readiness of the tables. Serving reads the revision of the database and never changes a table."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from libs.db.errors import DatabaseError, MissingTable
from libs.db.sessions import SessionFactory

# Raw SQL: the table is alembic's, and serving does not import alembic.
REVISION = sa.text("SELECT version_num FROM alembic_version")
"""The SELECT of the revision that a database is at."""

_log = logging.getLogger(__name__)
_FILE = re.compile(r"m(\d{4})_\w+\.py")


async def current_revision(sessions: SessionFactory) -> str | None:
    """Return the revision that the database is at; None when it was never migrated."""
    try:
        async with sessions.read() as session:
            return (await session.execute(REVISION)).scalar_one_or_none()
    except MissingTable:
        return None


def newest_revision(scripts: Path) -> str:
    """Return the number of the newest migration in a folder of files such as `m0003_imports.py`; "" without any."""
    found = (_FILE.fullmatch(path.name) for path in scripts.iterdir())
    return max((match[1] for match in found if match), default="")


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a service: what its models and its migrations describe.

    Attributes:
        metadata: the tables of its models.
        scripts: the folder of its migrations.
        unmanaged: names of tables, columns and indexes that only migrations describe, such as full-text tables.
    """

    metadata: sa.MetaData
    scripts: Path
    unmanaged: frozenset[str] = frozenset()

    def includes(self, _object: object, name: str | None, *_: object) -> bool:
        """Whether models and migrations are compared in this object (alembic's `include_object`)."""
        return name not in self.unmanaged


class SchemaCheck:
    """A readiness check: the database answers, and its revision is the one that this code needs, or a newer one.

    Revisions are numbers of equal width that only grow, and a migration leaves the tables usable by the code of the
    revision before it. So a deployment migrates first and replaces the processes after that.
    """

    name = "database"

    def __init__(self, sessions: SessionFactory, schema: Schema) -> None:
        self._sessions = sessions
        self._needed = newest_revision(schema.scripts)

    async def reason(self) -> str | None:
        """Return why the database cannot be worked with; None when it can."""
        try:
            found = await current_revision(self._sessions)
        except DatabaseError as error:
            _log.warning("the database does not answer: %s", error)
            return "does not answer"
        if found is None or found < self._needed:
            return f"is at revision {found or 'none'}, needs {self._needed}: run `migrate`"
        return None
