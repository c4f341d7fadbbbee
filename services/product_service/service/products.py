"""The rules of products.

Everybody who may read products sees all of them; an owner changes their own, an administrator
any. To anybody else a change is refused as if the product did not exist.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace

from libs.auth.clock import Clock
from libs.db.columns import Micros, micros
from libs.db.database import Connection, Database
from services.product_service.errors import KeyReused, ProductNotFound, VersionConflict
from services.product_service.models import Actor, Draft, Listing, Product, ProductId
from services.product_service.repository import idempotency, listings
from services.product_service.repository import products as repository
from services.product_service.service.search import SearchIndex
from services.product_service.service.words import words_of


class Catalogue:
    """Products by the rules."""

    def __init__(self, database: Database, index: SearchIndex, clock: Clock) -> None:
        self._database = database
        self._index = index
        self._clock = clock

    async def get(self, product_id: ProductId) -> Product:
        """The product.

        Raises:
            ProductNotFound: there is none.
        """
        return existing(await repository.find(self._database, product_id), product_id)

    async def page(self, listing: Listing, *, limit: int) -> Sequence[Product]:
        """Up to `limit` products of a list. A search for what holds no word finds none."""
        if listing.filters.search is not None:
            words = words_of(listing.filters.search)
            if not words:
                return ()
            await self._index.refresh()
            listing = replace(listing, filters=replace(listing.filters, search=words))
        return await listings.page(self._database, listing, limit=limit)

    async def create(self, draft: Draft, actor: Actor, *, key: str | None = None) -> Product:
        """Store a new product of the actor's; with a key that was used before, give the old one.

        Raises:
            KeyReused: the key was used for another draft.
        """
        product = new_product(draft, actor, self._now())
        if key is None:
            await repository.insert(self._database, product)
            return product
        digest = _digest(draft)

        async def create_once(connection: Connection) -> Product:
            made = await idempotency.find_key(connection, actor.id, key)
            if made is None:
                await repository.insert(connection, product)
                await idempotency.keep_key(connection, product, key=key, digest=digest)
                return product
            if made[0] != digest:
                raise KeyReused
            return existing(await repository.find(connection, made[1]), made[1])

        return await self._database.atomically(create_once)

    async def change(self, product_id: ProductId, draft: Draft, actor: Actor, *, seen: int | None) -> Product:
        """Replace what is said of a product.

        Raises:
            ProductNotFound: there is none that the actor may change.
            VersionConflict: it is not at version `seen` any more.
        """
        current = await self._owned(product_id, actor, seen)
        changed = await repository.update(self._database, product_id, draft, seen=current.version, now=self._now())
        if changed is None:
            raise VersionConflict(product_id, (await self.get(product_id)).version)
        return changed

    async def delete(self, product_id: ProductId, actor: Actor, *, seen: int | None) -> None:
        """Take a product off the catalogue; its row stays. Raises as `change` does."""
        current = await self._owned(product_id, actor, seen)
        if not await repository.delete(self._database, product_id, seen=current.version, now=self._now()):
            raise VersionConflict(product_id, (await self.get(product_id)).version)

    async def _owned(self, product_id: ProductId, actor: Actor, seen: int | None) -> Product:
        current = await self.get(product_id)
        if not actor.owns(current):
            raise ProductNotFound(product_id)
        if seen is not None and seen != current.version:
            raise VersionConflict(product_id, current.version)
        return current

    def _now(self) -> Micros:
        return micros(self._clock.now())


def new_product(draft: Draft, actor: Actor, now: Micros) -> Product:
    """The product that the actor makes of a draft."""
    return Product(
        id=ProductId(str(uuid.uuid4())),
        owner_id=actor.id,
        name=draft.name,
        description=draft.description,
        price_cents=draft.price_cents,
        stock=draft.stock,
        version=1,
        created_at=now,
        updated_at=now,
    )


def existing(product: Product | None, product_id: ProductId) -> Product:
    """The product; ProductNotFound when there is none."""
    if product is None:
        raise ProductNotFound(product_id)
    return product


def _digest(draft: Draft) -> str:
    return hashlib.sha256(json.dumps(asdict(draft), sort_keys=True).encode()).hexdigest()
