"""The door to the database: which one it is follows from the URL, and nothing else does."""

from libs.db.database import Database, Limits
from libs.db.url import PostgresUrl, SqliteUrl, parse


async def connect(url: str, limits: Limits | None = None) -> Database:
    """Open the database that `url` names.

    PostgreSQL is reached at the first statement, so that a service can start before its database.

    Raises:
        BadDatabaseUrl: it is neither SQLite nor PostgreSQL.
        DatabaseUnavailable: the SQLite file cannot be opened.
    """
    chosen = limits or Limits()
    match parse(url):
        case SqliteUrl(path):
            from libs.db.sqlite import SqliteDatabase  # noqa: PLC0415  # only the driver in use is loaded

            return await SqliteDatabase.open(path, chosen)
        case PostgresUrl(dsn):
            from libs.db.postgres import PostgresDatabase  # noqa: PLC0415  # likewise

            return await PostgresDatabase.open(dsn, chosen)
