"""Readiness of the tables: serving asks which revision they are at and never changes them."""

from libs.db.database import Database
from libs.db.errors import DatabaseError, MissingTable
from libs.db.statements import Statement

_REVISION = Statement("SELECT version_num FROM alembic_version")


async def revision(database: Database) -> str | None:
    """The revision that the database was migrated to; None when it never was."""
    try:
        row = await database.fetch_one(_REVISION)
    except MissingTable:
        return None
    return row[0] if row else None


class SchemaCheck:
    """The database answers, and its tables are those this code needs or newer ones.

    Revisions are numbers of equal width that only grow, and a migration leaves the tables usable
    by the code of the revision before it. So code is ready from its own revision on, and a roll-out
    migrates first and replaces the processes after.
    """

    name = "database"

    def __init__(self, database: Database, needed: str) -> None:
        self._database = database
        self._needed = needed

    async def reason(self) -> str | None:
        """Why the database cannot be worked with; None when it can."""
        try:
            found = await revision(self._database)
        except DatabaseError:
            return "does not answer"
        if found is None or found < self._needed:
            return f"is at revision {found or 'none'}, needs {self._needed}: run `migrate`"
        return None
