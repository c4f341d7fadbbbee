"""Letters by SMTP (RFC 5321), as a submission (RFC 6409) to the mail server of the house.

The connection is TLS from its start (`smtps`, RFC 8314), or becomes it before anything is said
(`smtp+starttls`, RFC 3207; a server that does not offer it gets nothing), or is plain. Certificates are
checked against those that the system trusts, or the file in SSL_CERT_FILE.
"""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from libs.mail.errors import BadMailSetting, NotSent, Rejected
from libs.mail.letter import Letter, message

PLAIN, STARTTLS, TLS = "smtp", "smtp+starttls", "smtps"
_PORTS = {PLAIN: 25, STARTTLS: 587, TLS: 465}
_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server, and who we are to it; with a user there is a password."""

    security: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


class SmtpMailer:
    """Hands each letter to the server, over a connection of its own."""

    def __init__(self, server: Server, sender: str, *, seconds: float = _SECONDS) -> None:
        """`sender` is the address in From; a letter may take `seconds`, whatever the server does."""
        self._server = server
        self._sender = sender
        self._seconds = seconds

    async def send(self, letter: Letter) -> None:
        """See `Mailer`; `Rejected` for a letter that the server will never take."""
        delivery = _Delivery(self._server, seconds=self._seconds)
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.to_thread(delivery.run, message(letter, self._sender))
        except TimeoutError as error:
            raise NotSent(f"{self._server.host}: no end within {self._seconds:g} s") from error
        finally:
            # A thread cannot be cancelled, but its connection can be taken away.
            delivery.cut()


class _Delivery:
    """One conversation, in a thread."""

    def __init__(self, server: Server, *, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        self._client: smtplib.SMTP | None = None
        self._is_cut = False

    def run(self, content: EmailMessage) -> None:
        with _translated(self._server.host), closing(self._connect()) as client:
            self._client = client
            self._introduce(client)
            if not self._is_cut:
                sender, recipient = (content[name].addresses[0].addr_spec for name in ("From", "To"))
                client.send_message(content, sender, recipient)
            with suppress(smtplib.SMTPException, OSError):
                # The letter is theirs by now, whatever they answer to this.
                client.quit()

    def _introduce(self, client: smtplib.SMTP) -> None:
        if self._server.security == STARTTLS:
            client.starttls(context=ssl.create_default_context())
        if self._server.user:
            client.login(self._server.user, self._server.password)

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security == TLS:
            trusted = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=self._seconds, context=trusted)
        return smtplib.SMTP(server.host, server.port, timeout=self._seconds)

    def cut(self) -> None:
        """End the conversation, if it has not ended by itself."""
        self._is_cut = True
        client = self._client
        with suppress(OSError):
            if client is not None and client.sock is not None:
                client.sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def _translated(host: str) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        ((code, reason),) = error.recipients.values()
        raise _error(host, code, reason) from error
    except smtplib.SMTPResponseException as error:
        raise _error(host, error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Rejected(host, 0, str(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{host}: {str(error) or type(error).__name__}") from error


def _error(host: str, code: int, reason: bytes | str) -> NotSent:
    text = reason.decode("ascii", "replace") if isinstance(reason, bytes) else reason
    # RFC 5321 section 4.2.1: 4xx may be tried again, 5xx may not. A refused login is ours to mend, not the letter's.
    if code >= 500 and code not in (530, 534, 535):
        return Rejected(host, code, text)
    return NotSent(f"{host}: {code} {text}")


def parse(url: str, password: str) -> Server:
    """The server of `smtps://[USER@]HOST[:PORT]`; `BadMailSetting` for other text, or a user without a password."""
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError) as error:
        raise BadMailSetting("not the address of a mail server") from error
    if not parts.hostname or parts.path or parts.query or parts.password is not None:
        raise BadMailSetting(
            "not the address of a mail server, or with the password in it, which is a setting of its own"
        )
    if bool(parts.username) != bool(password):
        raise BadMailSetting("a user needs a password, and a password a user")
    if parts.username and parts.scheme == PLAIN:
        raise BadMailSetting("a password goes over smtps or smtp+starttls alone")
    return Server(
        security=parts.scheme, host=parts.hostname, port=port, user=unquote(parts.username or ""), password=password
    )
