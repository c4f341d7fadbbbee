"""The SQL of users."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.auth.passwords import PasswordHash
from libs.db.columns import Micros
from libs.db.database import Connection
from services.user_service.models import EmailKey, User, UserId
from services.user_service.tables import users

_THIS = users.c.id == bindparam("id")
_READ = sa.select(users).where(_THIS)
_FIND = sa.select(users).where(users.c.email_key == bindparam("email_key"))
_INSERT = sa.insert(users)
_RENAME = sa.update(users).where(_THIS).values(name=bindparam("name"), updated_at=bindparam("now")).returning(*users.c)
_REHASH = (
    sa.update(users).where(_THIS, users.c.password_hash == bindparam("old")).values(password_hash=bindparam("new"))
)
_SET_PASSWORD = (
    sa.update(users)
    .where(_THIS, users.c.password_hash == bindparam("old"))
    .values(
        password_hash=bindparam("new"), password_changed_at=bindparam("changed_at"), updated_at=bindparam("changed_at")
    )
    .returning(users.c.id)
)
_SET_LOCKED = sa.update(users).where(_THIS).values(locked_at=bindparam("locked_at")).returning(*users.c)
_DELETE = sa.delete(users).where(_THIS)


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


async def rename(connection: Connection, user_id: UserId, name: str, *, now: Micros) -> User | None:
    """Give the user another name; None when there is no such user."""
    row = await connection.fetch_one(_RENAME, id=user_id, name=name, now=now)
    return User(*row) if row else None


async def rehash(connection: Connection, user: User, upgraded: PasswordHash) -> None:
    """Store a dearer hash of the same password, unless the password has changed meanwhile."""
    await connection.fetch_all(_REHASH, id=user.id, old=user.password_hash, new=upgraded)


async def set_password(connection: Connection, user: User, new: PasswordHash, *, changed_at: Micros) -> bool:
    """Store another password unless it is no longer that of `user`; whether it was."""
    row = await connection.fetch_one(_SET_PASSWORD, id=user.id, old=user.password_hash, new=new, changed_at=changed_at)
    return row is not None


async def set_locked(connection: Connection, user_id: UserId, locked_at: Micros | None) -> User | None:
    """Lock or, with None, unlock the user; None when there is no such user."""
    row = await connection.fetch_one(_SET_LOCKED, id=user_id, locked_at=locked_at)
    return User(*row) if row else None


async def delete(connection: Connection, user_id: UserId) -> None:
    """Remove the user and all that refers to them, the audit log excepted."""
    await connection.fetch_all(_DELETE, id=user_id)
