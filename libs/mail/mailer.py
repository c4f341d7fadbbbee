"""Sending letters: one Protocol, and the two ways that need no mail server (`libs.mail.smtp` has the third).

A service takes a `Mailer`; another way of sending is another class with the one method.
"""

import asyncio
import secrets
import sys
from pathlib import Path
from typing import Protocol, TextIO

from libs.mail.errors import BadMailSetting, NotSent
from libs.mail.letter import Letter, message

CONSOLE = "console"


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
            await asyncio.to_thread(self._write, message(letter, self._sender).as_bytes())
        except OSError as error:
            raise NotSent(f"{self._folder}: {error.strerror}") from error

    def _write(self, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = secrets.token_hex(16)
        unfinished = self._folder / f".{name}"
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / f"{name}.eml")


def open_mailer(where: str, *, sender: str, password_file: Path | None = None) -> Mailer:
    """The way of sending that settings name; `BadMailSetting` when they name none.

    `console`, `folder:PATH`, or the address of a mail server, see `libs.mail.smtp`; its user's password is in a file.
    """
    if where == CONSOLE:
        return ConsoleMailer()
    kind, _, path = where.partition(":")
    if kind == "folder" and path:
        return FolderMailer(Path(path), sender)
    if path.startswith("//"):
        from libs.mail.smtp import SmtpMailer, parse  # noqa: PLC0415  # loaded by those who have a mail server

        return SmtpMailer(parse(where, _password(password_file)), sender)
    raise BadMailSetting(f"not {where!r}")


def _password(file: Path | None) -> str:
    try:
        return file.read_text("utf-8").rstrip("\r\n") if file else ""
    except (OSError, UnicodeError) as error:
        raise BadMailSetting(f"the password file {file} cannot be read") from error
