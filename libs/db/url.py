"""URLs of databases: which driver one names, and what that driver is told.

Written as SQLAlchemy writes them, since migrations use it. Serving does not, so they are read here.
"""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from libs.db.errors import BadDatabaseUrl

_SQLITE = "sqlite+aiosqlite:///"
_POSTGRES = "postgresql+asyncpg://"


@dataclass(frozen=True, slots=True)
class SqliteUrl:
    """A file: relative after three slashes, absolute after four."""

    path: str


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A server, in the form that asyncpg and libpq take."""

    dsn: str = field(repr=False)  # it may hold a password


def parse(url: str) -> SqliteUrl | PostgresUrl:
    """Tell which database `url` names.

    Raises:
        BadDatabaseUrl: none that we know, or one in memory, of which each connection would have its own.
    """
    if url.startswith(_SQLITE):
        path, _, _ = url.removeprefix(_SQLITE).partition("?")
        if path not in ("", ":memory:"):
            return SqliteUrl(unquote(path))
    if url.startswith(_POSTGRES) and _is_well_formed(url):
        return PostgresUrl(f"postgresql://{url.removeprefix(_POSTGRES)}")
    raise BadDatabaseUrl(url)


def _is_well_formed(url: str) -> bool:
    """Not so when something in a password should have been escaped: it would end the host, or begin a path."""
    try:
        parts = urlsplit(url)
        return parts.port != 0 and "@" not in parts.path + parts.fragment
    except ValueError:
        return False
