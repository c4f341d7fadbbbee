"""Requests that need no password: for an email with a one-time token, and with such a token."""

from typing import Annotated

from pydantic import Field, SecretStr

from libs.web.strict import SafeStr, StrictModel
from services.user_service.schemas.accounts import Password


class EmailRequest(StrictModel):
    """The address to which an email is sent."""

    email: Annotated[SafeStr, Field(max_length=254)]


class Confirmation(StrictModel):
    """The token of an email."""

    token: Annotated[SecretStr, Field(max_length=512)]


class PasswordReset(Confirmation):
    """The token of an email, and the new password."""

    new_password: Password
