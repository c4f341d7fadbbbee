"""A user's own account over HTTP."""

from fastapi import APIRouter

from libs.auth.fastapi import public
from libs.web.openapi import error_responses
from libs.web.strict import StrictRoute
from services.user_service.dependencies import ClientAddress, Myself, UserServiceDep
from services.user_service.schemas.accounts import AccountDeletion, PasswordChange, Profile, Registration, UserView

router = APIRouter(route_class=StrictRoute, tags=["users"])


@router.post("/users", status_code=201, responses=error_responses(429), dependencies=[public()])
async def register(body: Registration, users: UserServiceDep, address: ClientAddress) -> UserView:
    """Open an account."""
    password = body.password.get_secret_value()
    user = await users.register(email=body.email, password=password, name=body.name, address=address)
    return UserView.model_validate(user)


@router.get("/me")
async def read_me(me: Myself, users: UserServiceDep) -> UserView:
    """Return the user whose token it is."""
    return UserView.model_validate(await users.get(me))


@router.patch("/me")
async def change_me(body: Profile, me: Myself, users: UserServiceDep) -> UserView:
    """Change what the user says about themselves; what is left out stays."""
    return UserView.model_validate(await users.rename(me, body.name))


@router.post("/me/password", status_code=204, responses=error_responses(429))
async def change_password(body: PasswordChange, me: Myself, users: UserServiceDep, address: ClientAddress) -> None:
    """Replace the password and end every login, this one too."""
    current, new = body.current_password.get_secret_value(), body.new_password.get_secret_value()
    await users.change_password(me, current=current, new=new, address=address)


# A body with DELETE has no defined meaning (RFC 9110 section 9.3.5), and the password must be in a body.
@router.post("/me/deletion", status_code=204, responses=error_responses(429))
async def delete_me(body: AccountDeletion, me: Myself, users: UserServiceDep, address: ClientAddress) -> None:
    """Close the account for good. The password says that it is the owner who asks."""
    await users.delete(me, password=body.password.get_secret_value(), address=address)
