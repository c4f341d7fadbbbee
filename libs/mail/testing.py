"""A mailer for tests."""

from libs.mail.errors import DeliveryError
from libs.mail.message import Email


class FakeMailer:
    """Record emails instead of sending them.

    Attributes:
        sent: the recorded emails, oldest first.
        fails: whether `send` raises `DeliveryError`.
    """

    def __init__(self) -> None:
        self.sent: list[Email] = []
        self.fails = False

    async def send(self, email: Email) -> None:
        """See `libs.mail.mailer.Mailer`."""
        if self.fails:
            raise DeliveryError("the fake mailer is set to fail")
        self.sent.append(email)
