"""The rules of reservations: a quantity of a product is reserved for a buyer for a limited time."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.clock.clock import Clock
from libs.db.sessions import SessionFactory, retry_on_conflict
from libs.web.strict import MAX_INT64
from services.product_service.errors import OutOfStock, ReservationNotFound
from services.product_service.models import Actor, Product, ProductId, Reservation, ReservationId
from services.product_service.repository.products import existing
from services.product_service.schemas.reservations import ReservationView
from services.product_service.service.idempotency import KeyedRequest, answer_once, request_digest


class ReservationService:
    """Reserves quantities from the stock, never more than the stock, and returns them."""

    def __init__(self, sessions: SessionFactory, clock: Clock, *, lifetime: timedelta) -> None:
        self._sessions = sessions
        self._clock = clock
        self._lifetime = lifetime

    @retry_on_conflict
    async def reserve(
        self, product_id: ProductId, quantity: int, buyer: Actor, *, idempotency_key: str | None = None
    ) -> ReservationView:
        """Take `quantity` pieces from the stock, all or none.

        Raises:
            ProductNotFound: there is no such product.
            OutOfStock: fewer are left.
            KeyReused: the key was used for another request.
        """
        now = self._clock.now()
        request = None
        if idempotency_key is not None:
            digest = request_digest({"product_id": product_id, "quantity": quantity})
            request = KeyedRequest(buyer.id, idempotency_key, digest, now)
        async with self._sessions.begin(read_committed=True) as session:

            async def reserve() -> ReservationView:
                await self._reserve(session, product_id, quantity)
                reservation = Reservation(
                    id=ReservationId(str(uuid.uuid4())),
                    product_id=product_id,
                    buyer_id=buyer.id,
                    quantity=quantity,
                    created_at=now,
                    expires_at=now + self._lifetime,
                )
                session.add(reservation)
                return ReservationView.model_validate(reservation)

            return await answer_once(session, request, ReservationView, reserve)

    async def get(self, product_id: ProductId, reservation_id: ReservationId, buyer: Actor) -> Reservation:
        """Return the buyer's reservation, or raise ReservationNotFound."""
        async with self._sessions.read() as session:
            return await self._existing(session, product_id, reservation_id, buyer)

    @retry_on_conflict
    async def cancel(self, product_id: ProductId, reservation_id: ReservationId, buyer: Actor) -> None:
        """Put the pieces back and forget the buyer's reservation; ReservationNotFound when there is none."""
        async with self._sessions.begin() as session:
            await _put_back(session, [await self._existing(session, product_id, reservation_id, buyer)])

    async def release_expired(self, session: AsyncSession, limit: int) -> int:
        """Put the pieces of up to `limit` expired reservations back, and return how many there were."""
        statement = select(Reservation).where(Reservation.expires_at <= self._clock.now()).limit(limit)
        expired = (await session.scalars(statement)).all()
        await _put_back(session, expired)
        return len(expired)

    async def _reserve(self, session: AsyncSession, product_id: ProductId, quantity: int) -> None:
        # One statement checks and reduces the stock, so the same piece is never reserved twice.
        taken = await session.scalar(
            update(Product)
            .where(Product.id == product_id, Product.deleted_at.is_(None), Product.stock >= quantity)
            .values(stock=Product.stock - quantity, version=Product.version + 1, updated_at=self._clock.now())
            .returning(Product.id)
        )
        if taken is None:
            raise OutOfStock(product_id, (await existing(session, product_id)).stock)

    async def _existing(
        self, session: AsyncSession, product_id: ProductId, reservation_id: ReservationId, buyer: Actor
    ) -> Reservation:
        found = await session.get(Reservation, reservation_id)
        if (
            found is None
            or found.product_id != product_id
            or found.expires_at <= self._clock.now()
            or not (buyer.is_admin or found.buyer_id == buyer.id)
        ):
            raise ReservationNotFound(reservation_id)
        return found


async def _put_back(session: AsyncSession, reservations: Sequence[Reservation]) -> None:
    for each in reservations:
        # The owner may have set the stock to the largest integer since; one more fails on PostgreSQL, and on SQLite it
        # becomes a floating-point number.
        most = MAX_INT64 - each.quantity
        await session.execute(
            update(Product)
            .where(Product.id == each.product_id)
            .values(
                stock=case((Product.stock > most, MAX_INT64), else_=Product.stock + each.quantity),
                version=Product.version + 1,
            )
        )
    await session.execute(delete(Reservation).where(Reservation.id.in_([each.id for each in reservations])))
