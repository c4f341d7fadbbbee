"""What the endpoints of OAuth answer."""

from typing import Literal

from pydantic import BaseModel, Field

from services.user_service.models import Login, ServiceToken


class TokenView(BaseModel):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # a kind of token, not one
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str | None = Field(default=None, description="For a user's login alone.")
    scope: str

    @classmethod
    def of(cls, grant: ServiceToken | Login) -> "TokenView":
        """What the client gets of `grant`."""
        return cls(
            access_token=grant.access_token,
            expires_in=grant.seconds,
            refresh_token=grant.refresh_token if isinstance(grant, Login) else None,
            scope=" ".join(sorted(grant.scopes)),
        )
