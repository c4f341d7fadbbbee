"""Queries of products."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.product_service.errors import ProductNotFound
from services.product_service.models import Product, ProductId


async def existing(session: AsyncSession, product_id: ProductId) -> Product:
    """Return the product.

    Raises:
        ProductNotFound: there is none, or it is deleted.
    """
    statement = select(Product).where(Product.id == product_id, Product.deleted_at.is_(None))
    product = (await session.execute(statement)).scalar_one_or_none()
    if product is None:
        raise ProductNotFound(product_id)
    return product
