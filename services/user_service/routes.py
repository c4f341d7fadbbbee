"""Accounts and logins over HTTP."""

from fastapi import APIRouter, Response

from libs.auth.fastapi import public
from libs.web.strict import StrictRoute
from services.user_service.dependencies import (
    ClientAddress,
    Myself,
    SigningKeys,
    UserAccounts,
    UserLogins,
)
from services.user_service.schemas import (
    Credentials,
    KeySet,
    LoginView,
    RefreshRequest,
    Registration,
    UserView,
)

router = APIRouter(route_class=StrictRoute)


@router.post("/users", status_code=201, tags=["users"], dependencies=[public()])
async def register(body: Registration, users: UserAccounts) -> UserView:
    """Open an account."""
    password = body.password.get_secret_value()
    return UserView.of(await users.register(email=body.email, password=password, name=body.name))


@router.get("/me", tags=["users"])
async def read_me(me: Myself, users: UserAccounts) -> UserView:
    """Return the user whose token it is."""
    return UserView.of(await users.get(me))


@router.post("/auth/login", tags=["login"], dependencies=[public()])
async def log_in(body: Credentials, logins: UserLogins, address: ClientAddress) -> LoginView:
    """Exchange a password for an access token and a refresh token."""
    password = body.password.get_secret_value()
    return LoginView.of(await logins.log_in(email=body.email, password=password, address=address))


@router.post("/auth/refresh", tags=["login"], dependencies=[public()])
async def refresh(body: RefreshRequest, logins: UserLogins) -> LoginView:
    """Exchange a refresh token, which is good for one use, for new tokens."""
    return LoginView.of(await logins.refresh(body.refresh_token.get_secret_value()))


@router.post("/auth/logout", status_code=204, tags=["login"], dependencies=[public()])
async def log_out(body: RefreshRequest, logins: UserLogins) -> None:
    """End the login that a refresh token belongs to. An unknown token is no error (RFC 7009)."""
    await logins.log_out(body.refresh_token.get_secret_value())


@router.get("/.well-known/jwks.json", response_model=KeySet, tags=["keys"], dependencies=[public()])
async def read_keys(keys: SigningKeys, response: Response) -> object:
    """Return the public keys that our tokens are signed with."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return keys.to_jwks()
