"""The URLs of databases, as SQLAlchemy and the drivers read them."""

import pytest
from sqlalchemy.engine import make_url

from libs.db.errors import BadDatabaseUrl
from libs.db.url import PostgresUrl, SqliteUrl, parse


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite+aiosqlite:///a.db", "a.db"),
        ("sqlite+aiosqlite:////data/a.db", "/data/a.db"),
        ("sqlite+aiosqlite:////data/a b%20c#d%3F@e.db", "/data/a b c#d?@e.db"),
        ("sqlite+aiosqlite:///a.db?mode=ro", "a.db"),
    ],
)
def test_a_file_is_the_one_that_migrations_mean(url: str, path: str) -> None:
    """Special characters may be escaped in its name, a question mark has to be: parameters follow it."""
    assert parse(url) == SqliteUrl(path)
    assert make_url(url).database == path


@pytest.mark.parametrize(
    "rest",
    [
        "ann@localhost/shop",
        "ann:a%40b%2Fc%25d%3A%23@db.example:5433/shop",
        "ann:secret@[::1]:5433/shop",
        "ann@/shop?host=/run/postgresql",
        "/shop?host=/run/postgresql&user=ann@example.com",
    ],
)
def test_a_server_is_named_as_asyncpg_names_it(rest: str) -> None:
    """Both take what RFC 3986 makes of user, password, place, database and parameters."""
    assert parse(f"postgresql+asyncpg://{rest}") == PostgresUrl(f"postgresql://{rest}")


def test_a_password_is_not_shown() -> None:
    """Not by a trace that prints the values it met."""
    assert "secret" not in repr(parse("postgresql+asyncpg://ann:secret@localhost/shop"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://root@localhost/x",
        "sqlite:///x.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite://host/x.db",
        "postgresql://ann@localhost/shop",
        "postgresql+asyncpg:/ann@localhost/shop",
        "postgresql+asyncpg://ann@localhost:port/shop",
        "postgresql+asyncpg://ann@localhost:99999/shop",
        "postgresql+asyncpg://ann@[::1/shop",
        "postgresql+asyncpg://ann:se/cret@localhost/shop",
        "postgresql+asyncpg://ann:12/34@localhost/shop",
        "postgresql+asyncpg://ann:12#34@localhost/shop",
    ],
)
def test_others_are_refused_without_repeating_a_password(url: str) -> None:
    """The message says which are known, and of this one its beginning alone."""
    with pytest.raises(BadDatabaseUrl, match=r"postgresql\+asyncpg") as refused:
        parse(url)
    assert not any(secret in str(refused.value) for secret in ("cret", "12", "34"))
