"""Idempotency keys: a request that is sent again gets the first answer (draft-ietf-httpapi-idempotency-key-header)."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.product_service.errors import KeyReused
from services.product_service.models import IdempotencyKey, OwnerId, ProductId
from services.product_service.repository.products import existing

A = TypeVar("A", bound=BaseModel)

KEY_LIFETIME = timedelta(hours=24)
"""How long an answer is kept. After that the same key is a new request."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with an idempotency key.

    Attributes:
        owner: whose key it is; keys of different callers are different keys.
        key: the key.
        digest: distinguishes this request from others with the same key.
        at: when it came.
    """

    owner: OwnerId
    key: str
    digest: str
    at: datetime


def request_digest(content: object) -> str:
    """Return the digest of a request's JSON content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


async def answer_once(
    session: AsyncSession, request: KeyedRequest | None, answer: type[A], work: Callable[[], Awaitable[A]]
) -> A:
    """Return the stored answer to a request, or run `work` in this transaction and store its answer.

    Without a key (`request` is None) nothing is looked up or stored.

    Raises:
        KeyReused: the key was used for another request.
    """
    if request is None:
        return await work()
    if session.get_bind().dialect.name == "postgresql":
        # The same request at the same time waits, and finds the answer.
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"{request.owner} {request.key}", 0))
        await session.execute(select(lock))
    found = await session.scalar(
        select(IdempotencyKey).where(IdempotencyKey.owner_id == request.owner, IdempotencyKey.key == request.key)
    )
    if found is None:
        made = await work()
        session.add(
            IdempotencyKey(
                owner_id=request.owner,
                key=request.key,
                request_digest=request.digest,
                # Code of revision 0003 looks up the product that a request with this digest made.
                product_id=getattr(made, "id", ""),
                created_at=request.at,
                response=made.model_dump_json(),
            )
        )
        return made
    if found.request_digest != request.digest:
        raise KeyReused
    if found.response is None:
        # Code of revision 0003 wrote this row, and stored no answer.
        return answer.model_validate(await existing(session, ProductId(found.product_id)))
    return answer.model_validate_json(found.response)
