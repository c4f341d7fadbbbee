"""Users and the audit log, as administrators see them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from libs.db.types import from_micros, to_micros
from libs.web.pagination import Cursor, Page, PageQuery, query_fingerprint
from libs.web.strict import SafeStr
from services.user_service.models import Action, AuditEntry, User, UserId
from services.user_service.schemas.accounts import SortedRoles

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
UserKey = Annotated[UserId, StringConstraints(pattern=_UUID)]


class RoleName(StrEnum):
    """A role that administrators grant and revoke."""

    ADMIN = "admin"
    AUDITOR = "auditor"


class LogQuery(PageQuery):
    """Which part of the audit log."""

    def start(self) -> tuple[datetime, str] | None:
        """Return the time and the id of the last item of the page before; ForeignCursor for one of another list."""
        cursor = self.position(self._fingerprint())
        return (from_micros(int(cursor.value)), cursor.key) if cursor else None

    def cursor_after(self, item: User | AuditEntry) -> Cursor:
        """Return the position of an item of this list."""
        moment = item.at if isinstance(item, AuditEntry) else item.created_at
        return Cursor(self._fingerprint(), to_micros(moment), item.id)

    def _fingerprint(self) -> str:
        return query_fingerprint("log")


class UserQuery(LogQuery):
    """Which users, and which part of them."""

    search: Annotated[SafeStr, Field(max_length=100)] = Field(
        default="", description="Text that the address or the name contains; case is ignored."
    )

    def _fingerprint(self) -> str:
        return query_fingerprint("users", self.search)


class AccountView(BaseModel):
    """A user as administrators see one."""

    model_config = ConfigDict(from_attributes=True)

    id: UserId
    email: str
    name: str
    verified_at: datetime | None
    roles: SortedRoles
    locked_at: datetime | None
    created_at: datetime


class AuditEntryView(BaseModel):
    """One entry of the audit log."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    actor: str = Field(description="Id of the user or service; empty where it is unknown.")
    action: Action
    target: str = Field(
        description="Id of the user, with the role if the action changes one; or `product` and the id of a product."
    )
    request_id: str


class AccountPage(Page[AccountView]):
    """Some users of a list."""


class AuditEntryPage(Page[AuditEntryView]):
    """Some entries of the audit log."""
