"""Queries of users."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.db.keyset import after
from services.user_service.errors import UserNotFound
from services.user_service.models import ADMIN, EmailKey, User, UserId, folded


async def existing(session: AsyncSession, user_id: UserId) -> User:
    """Return the user, or raise UserNotFound."""
    user = await session.get(User, user_id)
    if user is None:
        raise UserNotFound(user_id)
    return user


async def find(session: AsyncSession, key: EmailKey) -> User | None:
    """Return the user with this address."""
    return (await session.execute(select(User).where(User.email_key == key))).scalar_one_or_none()


async def names(session: AsyncSession, user_ids: Collection[UserId]) -> Mapping[UserId, str]:
    """Return the display names of those of the users that exist."""
    rows = await session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))
    return dict(rows.all())


async def has_other_admin(session: AsyncSession, user_id: UserId) -> bool:
    """Return whether another user is an administrator and not locked."""
    names = literal(" ") + User.role_names + literal(" ")
    statement = select(User.id).where(User.id != user_id, User.locked_at.is_(None), names.like(f"% {ADMIN} %"))
    return await session.scalar(statement.limit(1)) is not None


async def page(
    session: AsyncSession, *, position: tuple[datetime, str] | None, search: str, limit: int
) -> Sequence[User]:
    """Return up to `limit` users, newest first; with `search`, those whose address or name contains it."""
    statement = select(User)
    if search:
        # Escape LIKE's wildcards: the search is plain text.
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", folded(search)) + "%"
        names = (User.email_key, func.coalesce(User.name_key, ""))
        statement = statement.where(or_(*(name.like(pattern, escape="\\") for name in names)))
    statement = after(statement, (User.created_at, User.id), position, is_descending=True)
    return (await session.scalars(statement.limit(limit))).all()
