"""Display names of users, as other services see them."""

from typing import Annotated

from pydantic import BaseModel, Field

from libs.web.strict import StrictModel
from services.user_service.models import UserId
from services.user_service.schemas.administration import UserKey

MAX_IDS = 100
"""So many ids of 36 characters fit into a request head of 8 KiB."""


class DirectoryQuery(StrictModel):
    """Whose names."""

    id: Annotated[list[UserKey], Field(min_length=1, max_length=MAX_IDS)] = Field(
        description="Ids of users; repeat the parameter for several."
    )


class DirectoryEntry(BaseModel):
    """A user as other services see one."""

    id: UserId
    name: str


class DirectoryView(BaseModel):
    """The users that were found, in no order."""

    users: list[DirectoryEntry]
