"""Logins and the tokens that they give."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from libs.web.strict import SafeStr, StrictModel
from services.user_service.models import TokenPair
from services.user_service.schemas.accounts import Password


class Credentials(StrictModel):
    """The credentials of a user."""

    email: Annotated[SafeStr, Field(max_length=254)]
    password: Password


class RefreshRequest(StrictModel):
    """A refresh token."""

    refresh_token: Annotated[SecretStr, Field(max_length=512)]


class TokenPairView(BaseModel):
    """The tokens of a login, named as in RFC 6749 section 5.1."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # a kind of token, not one
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str
    scope: str

    @classmethod
    def of(cls, login: TokenPair) -> "TokenPairView":
        """The response to a login."""
        return cls(
            access_token=login.access_token,
            expires_in=login.seconds,
            refresh_token=login.refresh_token,
            scope=" ".join(sorted(login.scopes)),
        )
