"""What goes wrong with letters."""


class MailError(Exception):
    """Base of this library's errors."""


class BadMailSetting(MailError):
    """Settings that name no way of sending."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}; mail goes to `console`, to `folder:PATH`, or to `smtps://USER@HOST`, "
            "`smtp+starttls://USER@HOST`, `smtp://HOST`"
        )
        self.reason = reason


class BadLetter(MailError):
    """A letter that no mail server could be given: its recipient is not one address, or breaks a line."""


class NotSent(MailError):
    """A letter that did not leave; it may be tried again."""


class Rejected(NotSent):
    """A letter that this mail server will not take, however often it is tried; `code` is the reply's, 0 for none."""

    def __init__(self, host: str, code: int, reason: str) -> None:
        super().__init__(f"{host}: {code} {reason}")
        self.code = code
