"""Sending letters: one Protocol, and the two ways that need no mail server.

A service takes a `Mailer`; another way of sending is another class with the one method.
"""

import asyncio
import secrets
import sys
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol, TextIO

CONSOLE = "console"


class MailError(Exception):
    """Base of this library's errors."""


class BadMailSetting(MailError):
    """A text that names no way of sending."""

    def __init__(self, where: str) -> None:
        super().__init__(f"mail goes to `{CONSOLE}` or to `folder:PATH`, not to {where!r}")
        self.where = where


class NotSent(MailError):
    """A letter that did not leave; it may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text to one person. It may hold a secret, so it is not shown in logs."""

    to: str
    subject: str
    text: str

    def __repr__(self) -> str:
        return f"Letter(subject={self.subject!r})"


class Mailer(Protocol):
    """A way of sending letters."""

    async def send(self, letter: Letter) -> None:
        """Send a letter; `NotSent` when that failed."""
        ...


class ConsoleMailer:
    """Prints letters, for development: whoever reads the terminal reads everybody's mail."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Print to `stream`, by default to stdout, which is no log."""
        self._stream = stream or sys.stdout

    async def send(self, letter: Letter) -> None:
        """See `Mailer`."""
        self._stream.write(f"To: {letter.to}\nSubject: {letter.subject}\n\n{letter.text}\n")
        self._stream.flush()


class FolderMailer:
    """Writes each letter to a file of its own, whole or not at all, for a mail server to collect (RFC 5322)."""

    def __init__(self, folder: Path, sender: str) -> None:
        """`sender` is the address in From."""
        self._folder = folder
        self._sender = sender

    async def send(self, letter: Letter) -> None:
        """See `Mailer`."""
        try:
            await asyncio.to_thread(self._write, _message(letter, self._sender))
        except OSError as error:
            raise NotSent(f"{self._folder}: {error.strerror}") from error

    def _write(self, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = secrets.token_hex(16)
        unfinished = self._folder / f".{name}"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / f"{name}.eml")


def open_mailer(where: str, *, sender: str) -> Mailer:
    """The way of sending that a setting names: `console` or `folder:PATH`; `BadMailSetting` for other text."""
    if where == CONSOLE:
        return ConsoleMailer()
    kind, _, path = where.partition(":")
    if kind == "folder" and path:
        return FolderMailer(Path(path), sender)
    raise BadMailSetting(where)


def _message(letter: Letter, sender: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message.set_content(letter.text)
    return message.as_bytes()
