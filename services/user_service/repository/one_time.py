"""The SQL of one-time tokens. A token that is used, replaced or too old is a row that is gone."""

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy import bindparam

from libs.auth.refresh import TokenDigest
from libs.db.columns import Micros
from libs.db.database import Connection
from services.user_service.models import OneTimeToken, Purpose, UserId
from services.user_service.tables import one_time_tokens as tokens

_OF_USER = sa.and_(tokens.c.user_id == bindparam("user_id"), tokens.c.purpose == bindparam("purpose"))
_LIVE = sa.and_(
    tokens.c.digest == bindparam("digest"),
    tokens.c.purpose == bindparam("purpose"),
    tokens.c.expires_at > bindparam("now"),
)
_INSERT = sa.insert(tokens)
_SINCE = sa.select(tokens.c.digest).where(_OF_USER, tokens.c.created_at > bindparam("moment"))
_FIND = sa.select(tokens.c.user_id).where(_LIVE)
_TAKE = sa.delete(tokens).where(_LIVE).returning(tokens.c.user_id)
_FORGET = sa.delete(tokens).where(_OF_USER)
_FORGET_OLD = sa.delete(tokens).where(tokens.c.expires_at <= bindparam("now"))


async def add(connection: Connection, token: OneTimeToken) -> None:
    """Store a token in place of the user's others for this purpose, and drop everybody's that are too old."""
    await connection.fetch_all(_FORGET_OLD, now=token.created_at)
    await forget(connection, token.user_id, token.purpose)
    await connection.fetch_all(_INSERT, **asdict(token))


async def has_since(connection: Connection, user_id: UserId, purpose: Purpose, *, moment: Micros) -> bool:
    """Whether the user was given a token after this moment that is there yet."""
    return await connection.fetch_one(_SINCE, user_id=user_id, purpose=purpose, moment=moment) is not None


async def find(connection: Connection, digest: TokenDigest, purpose: Purpose, *, now: Micros) -> UserId | None:
    """Whose live token this is."""
    row = await connection.fetch_one(_FIND, digest=digest.hex(), purpose=purpose, now=now)
    return UserId(row[0]) if row else None


async def take(connection: Connection, digest: TokenDigest, purpose: Purpose, *, now: Micros) -> UserId | None:
    """Whose live token this was; of any number of calls one is told."""
    row = await connection.fetch_one(_TAKE, digest=digest.hex(), purpose=purpose, now=now)
    return UserId(row[0]) if row else None


async def forget(connection: Connection, user_id: UserId, purpose: Purpose) -> None:
    """Make the user's tokens for this purpose worthless."""
    await connection.fetch_all(_FORGET, user_id=user_id, purpose=purpose)
