"""What the lifespan of a service has made, handed to its handlers."""

from typing import Any

from fastapi import Request, params


def collaborator(name: str) -> params.Depends:
    """A dependency: what the lifespan has put on `app.state` by that name.

    Its type is what the annotation says: `Stock = Annotated[Reservations, collaborator("stock")]`.
    """

    async def find(request: Request) -> Any:  # noqa: ANN401  # the annotation says it
        return getattr(request.app.state, name)

    return params.Depends(find, use_cache=False)
