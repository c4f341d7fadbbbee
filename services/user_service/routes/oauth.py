"""The endpoints of OAuth, for services and for standard clients.

Their policy is `public()` because no access token is shown here: clients authenticate by their secret.
"""

from fastapi import APIRouter

from libs.auth.fastapi import public
from services.user_service.dependencies import (
    Caller,
    ClientServiceDep,
    IntrospectionServiceDep,
    LoginServiceDep,
    OAuthForm,
)
from services.user_service.models import MAY_INTROSPECT
from services.user_service.oauth import OAUTH_ERRORS, OAuthRoute, UnsupportedGrant, UnsupportedToken, form_body
from services.user_service.schemas.oauth import TokenState, TokenView

router = APIRouter(route_class=OAuthRoute, prefix="/oauth", tags=["oauth"], responses=OAUTH_ERRORS)


@router.post(
    "/token",
    response_model_exclude_none=True,
    openapi_extra=form_body("grant_type", "scope", "refresh_token"),
    dependencies=[public()],
)
async def issue_token(form: OAuthForm, caller: Caller, clients: ClientServiceDep, logins: LoginServiceDep) -> TokenView:
    """Issue an access token to a service, or new tokens to a user's front end (RFC 6749 sections 4.4 and 6)."""
    match form.need("grant_type"):
        case "client_credentials":
            return TokenView.of(await clients.issue(caller.service(), form.get("scope")))
        case "refresh_token":
            caller.front_end()
            return TokenView.of(await logins.refresh(form.need("refresh_token"), requested=form.get("scope")))
        case _:
            raise UnsupportedGrant("this grant is not served")


@router.post("/revoke", openapi_extra=form_body("token", "token_type_hint"), dependencies=[public()])
async def revoke_token(form: OAuthForm, caller: Caller, logins: LoginServiceDep) -> None:
    """End the login that a refresh token belongs to (RFC 7009). An unknown token is no error."""
    token = form.need("token")
    if token.count(".") == 2:
        raise UnsupportedToken("an access token expires within minutes")
    if caller.client is None:
        await logins.log_out(token)


@router.post(
    "/introspect",
    response_model_exclude_none=True,
    openapi_extra=form_body("token", "token_type_hint"),
    dependencies=[public()],
)
async def introspect_token(form: OAuthForm, caller: Caller, tokens: IntrospectionServiceDep) -> TokenState:
    """Tell a service that may ask what a token is worth right now (RFC 7662)."""
    caller.service_with(MAY_INTROSPECT)
    return TokenState.of(await tokens.inspect(form.need("token")))
