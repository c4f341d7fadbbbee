"""What the user service takes and gives over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from email_validator import validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from libs.auth.claims import Role
from libs.db.columns import at
from libs.web.strict import Line, StrictModel
from services.user_service.models import Login, User, UserId

# Longer than any password of the policy: that one gives the reason, this one guards the parser.
_Password = Annotated[SecretStr, Field(max_length=4096)]


def _address(text: str) -> str:
    return validate_email(text, check_deliverability=False, strict=True).normalized


_Email = Annotated[str, AfterValidator(_address), Field(max_length=254, json_schema_extra={"format": "email"})]


class Registration(StrictModel):
    """A new account."""

    email: _Email
    password: _Password
    name: Line


class Credentials(StrictModel):
    """What a user logs in with."""

    email: Annotated[str, Field(max_length=254)]
    password: _Password


class RefreshRequest(StrictModel):
    """A refresh token."""

    refresh_token: Annotated[SecretStr, Field(max_length=512)]


class LoginView(BaseModel):
    """The tokens of a login, named as in RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # a kind of token, not one
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str
    scope: str

    @classmethod
    def of(cls, login: Login) -> "LoginView":
        """What the client gets of `login`."""
        return cls(
            access_token=login.access_token,
            expires_in=login.seconds,
            refresh_token=login.refresh_token,
            scope=" ".join(sorted(login.scopes)),
        )


class UserView(BaseModel):
    """A user as the user sees it."""

    id: UserId
    email: str
    name: str
    roles: list[Role]
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserView":
        """What is shown of `user`."""
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            roles=sorted(user.roles),
            created_at=at(user.created_at),
        )


class KeySet(BaseModel):
    """A JWK Set (RFC 7517)."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})

    keys: list[dict[str, str]]
