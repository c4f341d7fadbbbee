"""Users and the audit log, as administrators see them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from libs.auth.claims import Role
from libs.db.columns import Micros, at
from libs.web.pagination import PageQuery, decode_cursor, encode_cursor
from libs.web.strict import CleanText
from services.user_service.models import Action, Entry, Position, User, UserId

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
UserKey = Annotated[UserId, StringConstraints(pattern=_UUID)]
RoleName = Literal["admin", "auditor"]


class LogQuery(PageQuery):
    """Which part of the audit log."""

    def position(self) -> Position | None:
        """Where the page begins; None for the first."""
        if self.cursor is None:
            return None
        moment, key = decode_cursor(self.cursor)
        return Position(Micros(moment), key)


class UserQuery(LogQuery):
    """Which users, and which part of them."""

    search: Annotated[CleanText, Field(max_length=100)] = Field(
        default="", description="What the address or the name holds, in any case of letters."
    )


class AccountView(BaseModel):
    """A user as administrators see one."""

    id: UserId
    email: str
    name: str
    verified_at: datetime | None
    roles: list[Role]
    locked_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "AccountView":
        """What is shown of `user`."""
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            verified_at=None if user.verified_at is None else at(user.verified_at),
            roles=sorted(user.roles),
            locked_at=None if user.locked_at is None else at(user.locked_at),
            created_at=at(user.created_at),
        )


class EntryView(BaseModel):
    """One line of the audit log."""

    at: datetime
    actor: str = Field(description="Id of the user or service; empty when nobody was known.")
    action: Action
    target: str = Field(description="Id of the user, and the role where it is about one.")
    request_id: str

    @classmethod
    def of(cls, entry: Entry) -> "EntryView":
        """What is shown of `entry`."""
        return cls(
            at=at(entry.at),
            actor=entry.actor,
            action=entry.action,
            target=entry.target,
            request_id=entry.request_id,
        )


def after_user(user: User) -> str:
    """The cursor of the users after this one."""
    return encode_cursor(user.created_at, user.id)


def after_entry(entry: Entry) -> str:
    """The cursor of the entries after this one."""
    return encode_cursor(entry.at, entry.id)
