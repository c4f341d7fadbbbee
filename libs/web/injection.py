"""Injection of what the lifespan of a service registers, by type."""

from typing import Any, TypeVar

from fastapi import params
from svcs.fastapi import DepContainer

T = TypeVar("T")


def injected(kind: type[T]) -> params.Depends:
    """Return a dependency on the registered value of a type.

    Example:
        `ProductServiceDep = Annotated[ProductService, injected(ProductService)]`
    """

    async def find(services: DepContainer) -> Any:  # noqa: ANN401  # the handler's annotation states the type
        return await services.aget(kind)

    return params.Depends(find)
