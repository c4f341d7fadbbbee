"""A letter, and what it looks like on its way (RFC 5322)."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid

from libs.mail.errors import BadLetter


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text to one person. It may hold a secret, so it is not shown in logs."""

    to: str
    subject: str
    text: str

    def __repr__(self) -> str:
        return f"Letter(subject={self.subject!r})"


def message(letter: Letter, sender: str) -> EmailMessage:
    """The letter from `sender`, for one recipient and with the headers written here alone.

    `BadLetter` where an address or the subject would make more of it.
    """
    found = EmailMessage(policy=SMTP)
    try:
        found["From"], found["To"], found["Subject"] = sender, letter.to, letter.subject
    except ValueError as error:
        raise BadLetter(str(error)) from error
    if len(found["To"].addresses) != 1 or found["To"].defects or found["To"].groups[0].display_name is not None:
        raise BadLetter("the recipient is not one address")
    found["Date"] = format_datetime(localtime())
    found["Message-ID"] = make_msgid(domain=found["From"].addresses[0].domain or "localhost")
    # Answers of machines, such as being away, would go to nobody (RFC 3834).
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(letter.text)
    return found
