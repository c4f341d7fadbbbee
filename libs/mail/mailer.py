"""The `Mailer` protocol, and the two implementations that need no mail server; `libs.mail.smtp` has the third."""

import asyncio
import secrets
import sys
from pathlib import Path
from typing import Protocol, TextIO

from libs.mail.errors import DeliveryError, MailConfigurationError
from libs.mail.message import Email, build_message

CONSOLE = "console"


class Mailer(Protocol):
    """A way to send emails. To add one, write another class with this method."""

    async def send(self, email: Email) -> None:
        """Send an email.

        Raises:
            InvalidEmail: the email cannot be sent.
            DeliveryError: the email was not delivered.
        """
        ...


class ConsoleMailer:
    """Print emails, for development only: they may hold secrets."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Print to `stream`, by default to stdout; logs go to stderr."""
        self._stream = stream or sys.stdout

    async def send(self, email: Email) -> None:
        """See `Mailer`."""
        self._stream.write(f"To: {email.to}\nSubject: {email.subject}\n\n{email.text}\n")
        self._stream.flush()


class FolderMailer:
    """Write each email atomically to a file (RFC 5322), for a mail server to collect."""

    def __init__(self, folder: Path, sender: str) -> None:
        """Write to `folder`, which is created with the first email; `sender` is the From header."""
        self._folder = folder
        self._sender = sender

    async def send(self, email: Email) -> None:
        """See `Mailer`."""
        content = build_message(email, sender=self._sender).as_bytes()
        try:
            await asyncio.to_thread(self._write, content)
        except OSError as error:
            raise DeliveryError(f"{self._folder}: {error.strerror}") from error

    def _write(self, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = secrets.token_hex(16)
        unfinished = self._folder / f".{name}"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / f"{name}.eml")


def open_mailer(setting: str, *, sender: str, password_file: Path | None = None) -> Mailer:
    """Return the mailer that `setting` names.

    Args:
        setting: `console`, `folder:PATH` or the URL of a mail server (see `libs.mail.smtp.parse_smtp_url`).
        sender: the From header, an address with or without a display name.
        password_file: file that holds the password of the URL's user.

    Raises:
        MailConfigurationError: `setting` names no mailer, or the password file is not readable.
    """
    if setting == CONSOLE:
        return ConsoleMailer()
    kind, _, path = setting.partition(":")
    if kind == "folder" and path:
        return FolderMailer(Path(path), sender)
    if path.startswith("//"):
        from libs.mail.smtp import SmtpMailer, parse_smtp_url  # noqa: PLC0415  # only SMTP needs aiosmtplib

        return SmtpMailer(parse_smtp_url(setting, password=_read_password(password_file)), sender)
    raise MailConfigurationError(f"{setting!r} is not a way to send emails")


def _read_password(file: Path | None) -> str:
    try:
        return file.read_text("utf-8").rstrip("\r\n") if file else ""
    except (OSError, UnicodeError) as error:
        raise MailConfigurationError(f"the password file {file} cannot be read") from error
