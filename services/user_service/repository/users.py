"""The SQL of users."""

import re
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.auth.passwords import PasswordHash
from libs.db.columns import Micros
from libs.db.database import Connection
from services.user_service.models import ADMIN, EmailKey, Position, User, UserId, folded
from services.user_service.tables import users

# In the order of the fields of `User`.
_COLUMNS = [column for column in users.c if column.name != "name_key"]
_THIS = users.c.id == bindparam("id")
_READ = sa.select(*_COLUMNS).where(_THIS)
_FIND = sa.select(*_COLUMNS).where(users.c.email_key == bindparam("email_key"))
_INSERT = sa.insert(users)
_RENAME = (
    sa.update(users)
    .where(_THIS)
    .values(name=bindparam("name"), name_key=bindparam("name_key"), updated_at=bindparam("now"))
    .returning(*_COLUMNS)
)
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
_SET_LOCKED = sa.update(users).where(_THIS).values(locked_at=bindparam("locked_at")).returning(*_COLUMNS)
_SET_VERIFIED = sa.update(users).where(_THIS, users.c.verified_at.is_(None)).values(verified_at=bindparam("now"))
_SET_ROLES = (
    sa.update(users)
    .where(_THIS)
    .values(role_names=bindparam("role_names"), updated_at=bindparam("now"))
    .returning(users.c.id)
)
_OTHER_ADMIN = sa.select(users.c.id).where(
    users.c.id != bindparam("id"),
    users.c.locked_at.is_(None),
    (" " + users.c.role_names + " ").like(f"% {ADMIN} %"),
)
_NEWEST_FIRST = (users.c.created_at.desc(), users.c.id.desc())
_AFTER = sa.or_(
    users.c.created_at < bindparam("moment"),
    sa.and_(users.c.created_at == bindparam("moment"), users.c.id < bindparam("after_id")),
)
_MATCHES = sa.or_(
    users.c.email_key.like(bindparam("pattern", type_=sa.Text), escape="\\"),
    sa.func.coalesce(users.c.name_key, "").like(bindparam("pattern", type_=sa.Text), escape="\\"),
)
_FIRST_PAGE = sa.select(*_COLUMNS).order_by(*_NEWEST_FIRST).limit(bindparam("limit"))
_NEXT_PAGE = _FIRST_PAGE.where(_AFTER)
_FIRST_MATCHES = _FIRST_PAGE.where(_MATCHES)
_NEXT_MATCHES = _NEXT_PAGE.where(_MATCHES)
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
    await connection.fetch_all(_INSERT, **asdict(user), name_key=folded(user.name))


async def rename(connection: Connection, user_id: UserId, name: str, *, now: Micros) -> User | None:
    """Give the user another name; None when there is no such user."""
    row = await connection.fetch_one(_RENAME, id=user_id, name=name, name_key=folded(name), now=now)
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


async def set_verified(connection: Connection, user_id: UserId, *, now: Micros) -> None:
    """Note that the address is the user's, unless that is known."""
    await connection.fetch_all(_SET_VERIFIED, id=user_id, now=now)


async def set_roles(connection: Connection, user_id: UserId, role_names: str, *, now: Micros) -> None:
    """Replace the roles of the user."""
    await connection.fetch_all(_SET_ROLES, id=user_id, role_names=role_names, now=now)


async def has_other_admin(connection: Connection, user_id: UserId) -> bool:
    """Whether somebody else is an administrator and not locked."""
    return await connection.fetch_one(_OTHER_ADMIN, id=user_id) is not None


async def page(connection: Connection, *, after: Position | None, search: str, limit: int) -> Sequence[User]:
    """Up to `limit` users, newest first; with `search`, those whose address or name holds it."""
    values: dict[str, object] = {"limit": limit}
    if search:
        values["pattern"] = _pattern(search)
    if after:
        values |= {"moment": after.moment, "after_id": after.id}
        statement = _NEXT_MATCHES if search else _NEXT_PAGE
    else:
        statement = _FIRST_MATCHES if search else _FIRST_PAGE
    return [User(*row) for row in await connection.fetch_all(statement, **values)]


def _pattern(search: str) -> str:
    """What LIKE understands as `search` anywhere, its own metacharacters being data."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", folded(search)) + "%"
