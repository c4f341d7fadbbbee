"""One-time tokens, which are sent by email."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.auth.refresh import TokenDigest
from services.user_service.models import OneTimeToken, Purpose, UserId


async def sent_since(session: AsyncSession, user_id: UserId, purpose: Purpose, *, moment: datetime) -> bool:
    """Return whether the user has an unused token for this purpose that was made after `moment`."""
    statement = select(OneTimeToken.digest).where(
        OneTimeToken.user_id == user_id, OneTimeToken.purpose == purpose, OneTimeToken.created_at > moment
    )
    return await session.scalar(statement.limit(1)) is not None


async def find(session: AsyncSession, digest: TokenDigest, purpose: Purpose, *, now: datetime) -> OneTimeToken | None:
    """Return the token with this digest, unless it is expired."""
    token = await session.get(OneTimeToken, digest)
    return token if token is not None and token.purpose == purpose and token.expires_at > now else None


async def forget(session: AsyncSession, user_id: UserId, purpose: Purpose) -> None:
    """Delete the user's tokens for this purpose."""
    await session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user_id, OneTimeToken.purpose == purpose))
