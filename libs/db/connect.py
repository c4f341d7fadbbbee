"""The door to the database: which one it is follows from the URL, and nothing else does."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from libs.db.database import Database, Limits
from libs.db.errors import BadDatabaseUrl


async def connect(url: str, limits: Limits | None = None) -> Database:
    """Open the database that `url` names.

    PostgreSQL is reached at the first statement, so that a service can start before its database.

    Raises:
        BadDatabaseUrl: it is neither SQLite nor PostgreSQL.
        DatabaseUnavailable: the SQLite file cannot be opened.
    """
    chosen = limits or Limits()
    match _driver(url):
        case "sqlite+aiosqlite":
            from libs.db.sqlite import SqliteDatabase  # noqa: PLC0415  # only the driver in use is loaded

            return await SqliteDatabase.open(url, chosen)
        case "postgresql+asyncpg":
            from libs.db.postgres import PostgresDatabase  # noqa: PLC0415  # likewise

            return await PostgresDatabase.open(url, chosen)
        case _:
            raise BadDatabaseUrl(url)


def _driver(url: str) -> str:
    try:
        return make_url(url).drivername
    except ArgumentError as error:
        raise BadDatabaseUrl(url) from error
