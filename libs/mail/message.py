"""An email, and its Internet message format (RFC 5322)."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid

from libs.mail.errors import InvalidEmail


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A plain-text email with one recipient. The text may hold a secret, so `repr` leaves it out."""

    to: str
    subject: str
    text: str

    def __repr__(self) -> str:
        return f"Email(subject={self.subject!r})"


def build_message(email: Email, *, sender: str) -> EmailMessage:
    """Return the message from `sender` to the one recipient of `email`.

    Raises:
        InvalidEmail: the recipient is not exactly one address, or a header has a line break.
    """
    message = EmailMessage(policy=SMTP)
    try:
        message["From"], message["To"], message["Subject"] = sender, email.to, email.subject
        message.set_content(email.text)
    except ValueError as error:
        raise InvalidEmail(str(error)) from error
    recipient = message["To"]
    if len(recipient.addresses) != 1 or recipient.defects or recipient.groups[0].display_name is not None:
        raise InvalidEmail("the recipient is not exactly one address")
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=message["From"].addresses[0].domain or "localhost")
    # Prevents automatic replies such as out-of-office messages (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    return message
