"""The SQL of one-time tokens. A token that is used, replaced or too old is a row that is gone."""

from dataclasses import asdict, fields

from libs.auth.refresh import TokenDigest
from libs.db.columns import Micros
from libs.db.database import Connection
from libs.db.statements import Statement, insertion
from services.user_service.models import OneTimeToken, Purpose, UserId

_OF_USER = "WHERE user_id = :user_id AND purpose = :purpose"
_LIVE = "WHERE digest = :digest AND purpose = :purpose AND expires_at > :now"
_INSERT = insertion("one_time_tokens", [field.name for field in fields(OneTimeToken)])
_SINCE = Statement("SELECT digest FROM one_time_tokens", _OF_USER, "AND created_at > :moment")
_FIND = Statement("SELECT user_id FROM one_time_tokens", _LIVE)
_TAKE = Statement("DELETE FROM one_time_tokens", _LIVE, "RETURNING user_id")
_FORGET = Statement("DELETE FROM one_time_tokens", _OF_USER)
_FORGET_OLD = Statement("DELETE FROM one_time_tokens WHERE expires_at <= :now")


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
