"""Accounts, as a user sees them."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from libs.auth.claims import Role
from libs.db.columns import at
from libs.web.strict import Line, StrictModel
from services.user_service.models import User, UserId, normal_address

Password = Annotated[SecretStr, Field(max_length=4096)]
"""Longer than any password of the policy: that one gives the reason, this one guards the parser."""


Email = Annotated[str, AfterValidator(normal_address), Field(max_length=254, json_schema_extra={"format": "email"})]
"""An address that mail can be sent to, without a name around it."""


class Registration(StrictModel):
    """A new account."""

    email: Email
    password: Password
    name: Line


class Profile(StrictModel):
    """What a user may change about themselves."""

    name: Line


class PasswordChange(StrictModel):
    """The password of today and that of tomorrow."""

    current_password: Password
    new_password: Password


class Farewell(StrictModel):
    """The password of whoever closes their account."""

    password: Password


class UserView(BaseModel):
    """A user as the user sees it."""

    id: UserId
    email: str
    name: str
    verified: bool = Field(description="Whether the user has shown that the address is theirs.")
    roles: list[Role]
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> "UserView":
        """What is shown of `user`."""
        return cls(
            id=user.id,
            email=user.email,
            name=user.name,
            verified=user.verified_at is not None,
            roles=sorted(user.roles),
            created_at=at(user.created_at),
        )
