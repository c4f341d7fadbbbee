"""The SQL of users. Statements are constants, so each is compiled once."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.auth.passwords import PasswordHash
from libs.db.database import Connection
from services.user_service.models import EmailKey, User, UserId
from services.user_service.tables import users

_READ = sa.select(users).where(users.c.id == bindparam("id"))
_FIND = sa.select(users).where(users.c.email_key == bindparam("email_key"))
_INSERT = sa.insert(users)
_REHASH = (
    sa.update(users)
    .where(users.c.id == bindparam("id"), users.c.password_hash == bindparam("old"))
    .values(password_hash=bindparam("new"))
)


async def read(connection: Connection, user_id: UserId) -> User | None:
    """The user with this id."""
    row = await connection.fetch_one(_READ, id=user_id)
    return User(*row) if row else None


async def find(connection: Connection, key: EmailKey) -> User | None:
    """The user with this address."""
    row = await connection.fetch_one(_FIND, email_key=key)
    return User(*row) if row else None


async def insert(connection: Connection, user: User) -> None:
    """Store a new user. A taken address raises UniqueViolation."""
    await connection.fetch_all(_INSERT, **asdict(user))


async def rehash(connection: Connection, user: User, upgraded: PasswordHash) -> None:
    """Store a dearer hash of the same password, unless the password has changed meanwhile."""
    await connection.fetch_all(_REHASH, id=user.id, old=user.password_hash, new=upgraded)
