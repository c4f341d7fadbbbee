"""The rules of reservations."""

from libs.auth.clock import Clock
from libs.db.columns import micros
from libs.db.database import Database
from services.product_service.errors import OutOfStock
from services.product_service.models import Product, ProductId
from services.product_service.repository import products, reservations
from services.product_service.service.products import existing


class Reservations:
    """Takes pieces out of the stock, never more than there are."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def reserve(self, product_id: ProductId, quantity: int) -> Product:
        """Take `quantity` pieces from the stock, all or none.

        Raises:
            ProductNotFound: there is no such product.
            OutOfStock: fewer are left.
        """
        now = micros(self._clock.now())
        reserved = await reservations.reserve(self._database, product_id, quantity=quantity, now=now)
        if reserved is None:
            left = existing(await products.find(self._database, product_id), product_id)
            raise OutOfStock(product_id, left.stock)
        return reserved
