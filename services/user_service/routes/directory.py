"""Display names of users, for other services."""

from typing import Annotated

from fastapi import APIRouter, Query

from libs.auth.claims import Claims
from libs.auth.fastapi import requires
from libs.web.strict import StrictRoute
from services.user_service.dependencies import UserServiceDep
from services.user_service.models import MAY_READ_DIRECTORY
from services.user_service.schemas.directory import DirectoryEntry, DirectoryQuery, DirectoryView

router = APIRouter(route_class=StrictRoute, prefix="/directory", tags=["directory"])

CanReadDirectory = Annotated[Claims, requires(MAY_READ_DIRECTORY)]


@router.get("/users")
async def read_directory(
    query: Annotated[DirectoryQuery, Query()], users: UserServiceDep, reader: CanReadDirectory
) -> DirectoryView:
    """Return the display names of up to 100 users. Ids without an account are left out."""
    names = await users.names(query.id)
    return DirectoryView(users=[DirectoryEntry(id=user_id, name=name) for user_id, name in names.items()])
