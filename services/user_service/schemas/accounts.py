"""Requests and responses about the account of the caller."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from libs.auth.claims import Role
from libs.web.strict import SingleLineStr, StrictModel
from services.user_service.models import UserId, normal_address

Password = Annotated[SecretStr, Field(max_length=4096)]
"""Longer than any password of the policy: that one gives the reason, this one guards the parser."""


EmailAddress = Annotated[
    str, AfterValidator(normal_address), Field(max_length=254, json_schema_extra={"format": "email"})
]
"""An email address without a display name."""


SortedRoles = Annotated[list[Role], BeforeValidator(sorted)]


class Registration(StrictModel):
    """A new account."""

    email: EmailAddress
    password: Password
    name: SingleLineStr


class Profile(StrictModel):
    """The profile that a user may change."""

    name: SingleLineStr


class PasswordChange(StrictModel):
    """The current password and the new one."""

    current_password: Password
    new_password: Password


class AccountDeletion(StrictModel):
    """The password that confirms the deletion of an account."""

    password: Password


class UserView(BaseModel):
    """The account of the caller."""

    model_config = ConfigDict(from_attributes=True)

    id: UserId
    email: str
    name: str
    verified: bool = Field(description="Whether the user has verified the address.")
    roles: SortedRoles
    created_at: datetime
