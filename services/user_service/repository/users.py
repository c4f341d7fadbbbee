"""The SQL of users."""

import re
from collections.abc import Sequence
from dataclasses import asdict, fields

from libs.auth.passwords import PasswordHash
from libs.db.columns import Micros
from libs.db.database import Connection
from libs.db.statements import Statement, insertion
from services.user_service.models import ADMIN, EmailKey, Position, User, UserId, folded

_FIELDS = [field.name for field in fields(User)]
_COLUMNS = ", ".join(_FIELDS)
_READ = Statement("SELECT", _COLUMNS, "FROM users WHERE id = :id")
_FIND = Statement("SELECT", _COLUMNS, "FROM users WHERE email_key = :email_key")
_INSERT = insertion("users", [*_FIELDS, "name_key"])
_RENAME = Statement(
    "UPDATE users SET name = :name, name_key = :name_key, updated_at = :now WHERE id = :id RETURNING", _COLUMNS
)
_REHASH = Statement("UPDATE users SET password_hash = :new WHERE id = :id AND password_hash = :old")
_SET_PASSWORD = Statement(
    """UPDATE users SET password_hash = :new, password_changed_at = :changed_at, updated_at = :changed_at
    WHERE id = :id AND password_hash = :old RETURNING id"""
)
_SET_LOCKED = Statement("UPDATE users SET locked_at = :locked_at WHERE id = :id RETURNING", _COLUMNS)
_SET_VERIFIED = Statement("UPDATE users SET verified_at = :now WHERE id = :id AND verified_at IS NULL")
_SET_ROLES = Statement("UPDATE users SET role_names = :role_names, updated_at = :now WHERE id = :id RETURNING id")
_OTHER_ADMIN = Statement(
    "SELECT id FROM users WHERE id <> :id AND locked_at IS NULL AND ' ' || role_names || ' ' LIKE :among_roles"
)
_AFTER = "(created_at < :moment OR created_at = :moment AND id < :after_id)"
_MATCHES = r"(email_key LIKE :pattern ESCAPE '\' OR coalesce(name_key, '') LIKE :pattern ESCAPE '\')"
_NEWEST_FIRST = "ORDER BY created_at DESC, id DESC LIMIT :limit"
_FIRST_PAGE = Statement("SELECT", _COLUMNS, "FROM users", _NEWEST_FIRST)
_NEXT_PAGE = Statement("SELECT", _COLUMNS, "FROM users WHERE", _AFTER, _NEWEST_FIRST)
_FIRST_MATCHES = Statement("SELECT", _COLUMNS, "FROM users WHERE", _MATCHES, _NEWEST_FIRST)
_NEXT_MATCHES = Statement("SELECT", _COLUMNS, "FROM users WHERE", _AFTER, "AND", _MATCHES, _NEWEST_FIRST)
_DELETE = Statement("DELETE FROM users WHERE id = :id")


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
    return await connection.fetch_one(_OTHER_ADMIN, id=user_id, among_roles=f"% {ADMIN} %") is not None


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
