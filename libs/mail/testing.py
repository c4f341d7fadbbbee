"""A mailer for tests."""

from libs.mail.errors import NotSent
from libs.mail.letter import Letter


class FakeMailer:
    """Keeps letters instead of sending them; with `broken` set it fails."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.broken = False

    async def send(self, letter: Letter) -> None:
        """See `libs.mail.mailer.Mailer`."""
        if self.broken:
            raise NotSent("the post is on strike")
        self.sent.append(letter)
