"""What the owner of an address sends without a password."""

from typing import Annotated

from pydantic import Field, SecretStr

from libs.web.strict import CleanText, StrictModel
from services.user_service.schemas.accounts import Password


class LetterRequest(StrictModel):
    """Where a letter should go."""

    email: Annotated[CleanText, Field(max_length=254)]


class Confirmation(StrictModel):
    """A token out of a letter."""

    token: Annotated[SecretStr, Field(max_length=512)]


class PasswordReset(Confirmation):
    """The same, and what the password shall be."""

    new_password: Password
