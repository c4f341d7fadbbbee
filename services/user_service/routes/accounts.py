"""A user's own account over HTTP."""

from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Response

from libs.auth.fastapi import public
from libs.web.openapi import error_responses
from libs.web.strict import StrictRoute
from services.user_service.dependencies import ClientAddress, Myself, SettingsDep, UserServiceDep
from services.user_service.errors import EmailTaken
from services.user_service.schemas.accounts import AccountDeletion, PasswordChange, Profile, Registration, UserView

router = APIRouter(route_class=StrictRoute, tags=["users"])


_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"description": "The service sends emails. The email to the address states whether it had an account already."}
}


@router.post(
    "/users",
    status_code=201,
    response_model=UserView,
    responses=_ACCEPTED | error_responses(429),
    dependencies=[public()],
)
async def register(
    body: Registration, users: UserServiceDep, settings: SettingsDep, address: ClientAddress
) -> UserView | Response:
    """Open an account. Where the service sends emails, the response is 202, also if the address has an account."""
    opening = users.register(
        email=body.email, password=body.password.get_secret_value(), name=body.name, address=address
    )
    if not settings.has_mail:
        return UserView.model_validate(await opening)
    with suppress(EmailTaken):
        await opening
    return Response(status_code=202)


@router.get("/me")
async def read_me(me: Myself, users: UserServiceDep) -> UserView:
    """Return the user whose token it is."""
    return UserView.model_validate(await users.get(me))


@router.patch("/me")
async def change_me(body: Profile, me: Myself, users: UserServiceDep) -> UserView:
    """Change the profile of the user; what is left out stays."""
    return UserView.model_validate(await users.rename(me, body.name))


@router.post("/me/password", status_code=204, responses=error_responses(429))
async def change_password(body: PasswordChange, me: Myself, users: UserServiceDep, address: ClientAddress) -> None:
    """Replace the password and end every login, this one too."""
    current, new = body.current_password.get_secret_value(), body.new_password.get_secret_value()
    await users.change_password(me, current=current, new=new, address=address)


# A body with DELETE has no defined meaning (RFC 9110 section 9.3.5), and the password must be in a body.
@router.post("/me/deletion", status_code=204, responses=error_responses(429))
async def delete_me(body: AccountDeletion, me: Myself, users: UserServiceDep, address: ClientAddress) -> None:
    """Delete the account permanently. The password confirms that the caller is its owner."""
    await users.delete(me, password=body.password.get_secret_value(), address=address)
