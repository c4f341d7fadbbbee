"""The emails with a one-time token that the service sends."""

from dataclasses import dataclass
from datetime import timedelta

from services.user_service.models import Purpose

_FOOTER = "If it was not you, do nothing."


@dataclass(frozen=True, slots=True)
class EmailTemplate:
    """An email, and the token that it holds.

    Attributes:
        purpose: what the token is good for.
        token_lifetime: how long it is.
        page: the page of the front end that the link opens.
    """

    purpose: Purpose
    token_lifetime: timedelta
    page: str
    subject: str
    introduction: str

    def text(self, token: str, *, pages_url: str) -> str:
        """Return the text with a link to the front end at `pages_url`; if that is empty, with the bare token."""
        link = f"{pages_url}/{self.page}#{token}" if pages_url else token
        return f"{self.introduction}\n\n{link}\n\n{_FOOTER}\n"


VERIFICATION = EmailTemplate(
    Purpose.VERIFY,
    timedelta(hours=24),
    "verify",
    "Confirm your address",
    "An account was opened with this address. To confirm the address, use within a day:",
)
PASSWORD_RESET = EmailTemplate(
    Purpose.RESET,
    timedelta(minutes=30),
    "reset",
    "Choose a new password",
    "A new password was requested for your account. To choose one, use within half an hour:",
)
ACCOUNT_EXISTS = EmailTemplate(
    Purpose.RESET,
    timedelta(minutes=30),
    "reset",
    "You already have an account",
    "A registration was requested with this address, which already has an account. Log in with your password, which "
    "has not changed. If you have forgotten it, choose a new one; use within half an hour:",
)
