"""Errors of the mail library."""


class MailError(Exception):
    """Base of this library's errors."""


class MailConfigurationError(MailError):
    """The settings name no valid way to send emails."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}; expected `console`, `folder:PATH`, `smtps://USER@HOST`, `smtp+starttls://USER@HOST` "
            "or `smtp://HOST`"
        )
        self.reason = reason


class InvalidEmail(MailError):
    """An email that cannot be sent: its recipient is not exactly one address, or a header has a line break."""


class DeliveryError(MailError):
    """An email that was not delivered; a later attempt may succeed."""


class PermanentDeliveryError(DeliveryError):
    """An email that this mail server will never accept.

    Attributes:
        code: the server's reply code, or 0 if no server was involved.
    """

    def __init__(self, host: str, code: int, reason: str) -> None:
        super().__init__(f"{host}: {code} {reason}")
        self.code = code
