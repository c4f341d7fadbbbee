"""Responses of the OAuth endpoints."""

from typing import Literal

from pydantic import BaseModel, Field

from libs.auth.claims import Claims
from libs.auth.refresh import RefreshGrant
from services.user_service.models import ServiceToken, TokenPair


class TokenView(BaseModel):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # a kind of token, not one
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str | None = Field(default=None, description="Only for the login of a user.")
    scope: str

    @classmethod
    def of(cls, grant: ServiceToken | TokenPair) -> "TokenView":
        """Return the response for a new token."""
        return cls(
            access_token=grant.access_token,
            expires_in=grant.seconds,
            refresh_token=grant.refresh_token if isinstance(grant, TokenPair) else None,
            scope=" ".join(sorted(grant.scopes)),
        )


class OAuthErrorView(BaseModel):
    """An error of an OAuth endpoint (RFC 6749 section 5.2)."""

    error: str = Field(description="The code of the error, such as `invalid_grant`.")
    error_description: str | None = None


class TokenState(BaseModel):
    """RFC 7662 section 2.2; of a token that is worth nothing, `active` is all there is."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    sub: str | None = None
    exp: int | None = None
    iat: int | None = None
    iss: str | None = None
    aud: str | None = None
    jti: str | None = None
    token_type: str | None = None

    @classmethod
    def of(cls, found: Claims | RefreshGrant | None) -> "TokenState":
        """Return the state of a token that was found, or `active: false` for None."""
        if found is None:
            return cls(active=False)
        state = cls(
            active=True,
            scope=" ".join(sorted(found.scopes)),
            client_id=found.client_id,
            sub=found.subject,
            exp=int(found.expires_at.timestamp()),
            iat=int(found.issued_at.timestamp()),
        )
        if isinstance(found, RefreshGrant):
            return state
        claims = {"iss": found.issuer, "aud": found.audience, "jti": found.token_id, "token_type": "Bearer"}
        return state.model_copy(update=claims)
