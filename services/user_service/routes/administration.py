"""Other people's accounts and the audit log, for administrators and auditors."""

from typing import Annotated

from fastapi import APIRouter, Query

from libs.auth.claims import Role
from libs.web.strict import StrictRoute
from services.user_service.dependencies import AdministrationServiceDep, Administrator, Auditor
from services.user_service.schemas.administration import (
    AccountPage,
    AuditEntryPage,
    LogQuery,
    RoleName,
    UserKey,
    UserQuery,
)

router = APIRouter(route_class=StrictRoute, prefix="/admin", tags=["administration"])


@router.get("/users")
async def list_users(
    query: Annotated[UserQuery, Query()], accounts: AdministrationServiceDep, reader: Administrator
) -> AccountPage:
    """List users, newest first."""
    found = await accounts.users(position=query.start(), search=query.search, limit=query.limit + 1)
    return AccountPage.of(found, limit=query.limit, cursor=query.cursor_after)


@router.put("/users/{user_id}/roles/{role}", status_code=204)
async def grant_role(
    user_id: UserKey, role: RoleName, accounts: AdministrationServiceDep, administrator: Administrator
) -> None:
    """Give a user a role; it is in the tokens of their next login."""
    await accounts.grant(Role(role.value), user_id, actor=administrator)


@router.delete("/users/{user_id}/roles/{role}", status_code=204)
async def revoke_role(
    user_id: UserKey, role: RoleName, accounts: AdministrationServiceDep, administrator: Administrator
) -> None:
    """Remove a role from a user, with immediate effect."""
    await accounts.revoke(Role(role.value), user_id, actor=administrator)


@router.put("/users/{user_id}/lock", status_code=204)
async def lock_user(user_id: UserKey, accounts: AdministrationServiceDep, administrator: Administrator) -> None:
    """Lock a user, with immediate effect."""
    await accounts.lock(user_id, actor=administrator)


@router.delete("/users/{user_id}/lock", status_code=204)
async def unlock_user(user_id: UserKey, accounts: AdministrationServiceDep, administrator: Administrator) -> None:
    """Let a user in again."""
    await accounts.unlock(user_id, actor=administrator)


@router.get("/audit")
async def read_log(
    query: Annotated[LogQuery, Query()], accounts: AdministrationServiceDep, reader: Auditor
) -> AuditEntryPage:
    """Return the entries of the audit log, newest first."""
    found = await accounts.log(position=query.start(), limit=query.limit + 1)
    return AuditEntryPage.of(found, limit=query.limit, cursor=query.cursor_after)
