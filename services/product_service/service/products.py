"""The rules of products.

A caller with permission to read products can read all of them. An owner may change their own products and an
administrator any product; a change by another user is rejected as if the product did not exist.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.clock.clock import Clock
from libs.db.sessions import SessionFactory, retry_on_conflict
from libs.events.outbox import record
from services.product_service.errors import ProductNotFound, VersionConflict
from services.product_service.events import ProductArchived, ProductArchivedData
from services.product_service.models import Actor, Listing, OwnerId, Product, ProductId
from services.product_service.repository.listings import listed
from services.product_service.repository.products import existing
from services.product_service.schemas.products import ProductInput, ProductView
from services.product_service.service.idempotency import KeyedRequest, answer_once, request_digest
from services.product_service.service.search import SearchIndex
from services.product_service.service.search_terms import search_terms


class ProductService:
    """Creates, reads, lists, changes and deletes products."""

    def __init__(self, sessions: SessionFactory, index: SearchIndex, clock: Clock) -> None:
        self._sessions = sessions
        self._index = index
        self._clock = clock

    async def get(self, product_id: ProductId) -> Product:
        """Return the product, or raise ProductNotFound."""
        async with self._sessions.read() as session:
            return await existing(session, product_id)

    async def page(self, listing: Listing, *, limit: int) -> Sequence[Product]:
        """Return up to `limit` products of a list. A search without a word finds none."""
        if listing.filters.search is not None:
            words = search_terms(listing.filters.search)
            if not words:
                return ()
            await self._index.refresh()
            listing = replace(listing, filters=replace(listing.filters, search=words))
        async with self._sessions.read() as session:
            statement = listed(listing, dialect=session.get_bind().dialect.name)
            return (await session.scalars(statement.limit(limit))).all()

    @retry_on_conflict
    async def create(self, given: ProductInput, actor: Actor, *, idempotency_key: str | None = None) -> ProductView:
        """Store a new product of the actor; with a key that was used before, return the first answer.

        Raises:
            KeyReused: the key was used for another request.
        """
        now = self._clock.now()
        request = None
        if idempotency_key is not None:
            request = KeyedRequest(actor.id, idempotency_key, request_digest(given.model_dump()), now)
        async with self._sessions.begin() as session:

            async def store() -> ProductView:
                product = new_product(given, actor, now)
                session.add(product)
                return ProductView.model_validate(product)

            return await answer_once(session, request, ProductView, store)

    @retry_on_conflict
    async def change(self, product_id: ProductId, given: ProductInput, actor: Actor, *, seen: int | None) -> Product:
        """Replace the description of a product by its owner.

        Raises:
            ProductNotFound: there is none that the actor may change.
            VersionConflict: it is not at version `seen` any more.
        """
        async with self._sessions.begin() as session:
            product = await _owned(session, product_id, actor, seen)
            for name, value in given:
                setattr(product, name, value)
            product.version += 1
            product.updated_at = self._clock.now()
            return product

    @retry_on_conflict
    async def delete(self, product_id: ProductId, actor: Actor, *, seen: int | None) -> None:
        """Archive a product: its row stays, and `product.archived` is recorded. Raises as `change` does."""
        async with self._sessions.begin() as session:
            product = await _owned(session, product_id, actor, seen)
            product.version += 1
            product.deleted_at = self._clock.now()
            await session.flush()
            await record(session, _archived(product.id, product.version, product.owner_id))


async def archive_products(session: AsyncSession, owner: OwnerId, *, now: datetime) -> None:
    """Archive every product of an owner, and record `product.archived` for each."""
    statement = (
        update(Product)
        .where(Product.owner_id == owner, Product.deleted_at.is_(None))
        .values(version=Product.version + 1, deleted_at=now)
        .returning(Product.id, Product.version)
        .execution_options(synchronize_session=False)
    )
    archived = (await session.execute(statement)).all()
    await record(session, *(_archived(product_id, version, owner) for product_id, version in archived))


def _archived(product_id: ProductId, version: int, owner: OwnerId) -> ProductArchived:
    return ProductArchived(subject=product_id, aggregateversion=version, data=ProductArchivedData(owner_id=owner))


async def _owned(session: AsyncSession, product_id: ProductId, actor: Actor, seen: int | None) -> Product:
    product = await existing(session, product_id)
    if not actor.owns(product):
        raise ProductNotFound(product_id)
    if seen is not None and seen != product.version:
        raise VersionConflict(product_id, product.version)
    return product


def new_product(given: ProductInput, actor: Actor, now: datetime) -> Product:
    """Return a new product of the actor."""
    return Product(**new_values(given, actor, now))


def new_values(given: ProductInput, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return the columns of a new product of the actor."""
    stored = {"id": str(uuid.uuid4()), "owner_id": actor.id, "version": 1, "created_at": now, "updated_at": now}
    return {**given.model_dump(), **stored}
