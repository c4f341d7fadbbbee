"""Login, refresh and logout for the first-party front ends."""

from fastapi import APIRouter

from libs.auth.fastapi import public
from libs.web.openapi import error_responses
from libs.web.strict import StrictRoute
from services.user_service.dependencies import ClientAddress, LoginServiceDep
from services.user_service.schemas.logins import Credentials, RefreshRequest, TokenPairView

router = APIRouter(route_class=StrictRoute, prefix="/auth", tags=["login"])


@router.post("/login", responses=error_responses(401, 429), dependencies=[public()])
async def log_in(body: Credentials, logins: LoginServiceDep, address: ClientAddress) -> TokenPairView:
    """Exchange a password for an access token and a refresh token."""
    password = body.password.get_secret_value()
    return TokenPairView.of(await logins.log_in(email=body.email, password=password, address=address))


@router.post("/refresh", responses=error_responses(401), dependencies=[public()])
async def refresh(body: RefreshRequest, logins: LoginServiceDep) -> TokenPairView:
    """Exchange a refresh token, which is good for one use, for new tokens."""
    return TokenPairView.of(await logins.refresh(body.refresh_token.get_secret_value()))


@router.post("/logout", status_code=204, dependencies=[public()])
async def log_out(body: RefreshRequest, logins: LoginServiceDep) -> None:
    """End the login that a refresh token belongs to. An unknown token is no error (RFC 7009)."""
    await logins.log_out(body.refresh_token.get_secret_value())
