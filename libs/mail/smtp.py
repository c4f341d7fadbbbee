"""Send emails by SMTP (RFC 5321) to a message submission server (RFC 6409).

The connection uses TLS from its start (`smtps`, RFC 8314), switches to TLS before anything is sent (`smtp+starttls`,
RFC 3207; a server that does not offer STARTTLS receives neither password nor email), or is not encrypted (`smtp`).
Certificates are checked against the system's trust store, or the file in `SSL_CERT_FILE`.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import cast
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from libs.mail.errors import DeliveryError, MailConfigurationError, PermanentDeliveryError
from libs.mail.message import Email, build_message

PLAIN, STARTTLS, TLS = "smtp", "smtp+starttls", "smtps"
_DEFAULT_PORTS = {PLAIN: 25, STARTTLS: 587, TLS: 465}
_TIMEOUT = 20.0
_AUTHENTICATION_CODES = (530, 534, 535)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """A mail server, with the credentials to use there.

    Attributes:
        security: `PLAIN`, `STARTTLS` or `TLS`.
        user: empty to send without a login.
    """

    security: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


class SmtpMailer:
    """Send each email over a new connection."""

    def __init__(self, server: SmtpServer, sender: str, *, timeout: float = _TIMEOUT) -> None:
        """Send to `server` with `sender` as the From header; one email takes at most `timeout` seconds."""
        self._server = server
        self._sender = sender
        self._timeout = timeout

    async def send(self, email: Email) -> None:
        """See `Mailer`.

        Raises:
            PermanentDeliveryError: the server will never accept this email.
        """
        message = build_message(email, sender=self._sender)
        client = _client(self._server)
        deadline = asyncio.get_running_loop().time() + self._timeout
        try:
            async with asyncio.timeout_at(deadline):
                with _translated_errors(self._server.host):
                    await client.connect(local_hostname=await _local_hostname())
                    await _submit(client, message)
            # The server has accepted the email. An error from here on must not lead to a second delivery.
            with suppress(SMTPException, OSError):
                async with asyncio.timeout_at(deadline):
                    await client.quit()
        except TimeoutError as error:
            raise DeliveryError(f"{self._server.host}: not delivered within {self._timeout:g} s") from error
        finally:
            # Not `async with client`, which waits for the reply to QUIT even after a timeout or a cancellation.
            client.close()


class _Client(SMTP):
    """Closes its connection at once, also where aiosmtplib itself closes it, as after a rejected login."""

    def close(self) -> None:
        """Close the connection. The notice that ends TLS is sent, and the server's is not waited for."""
        transport = self.transport
        super().close()
        # Without it the connection stays open until the server has read what is buffered and has ended TLS.
        if transport is not None:
            # A cast, because uvloop's transports do not derive from asyncio's.
            cast("asyncio.WriteTransport", transport).abort()


def _client(server: SmtpServer) -> SMTP:
    return _Client(
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password or None,
        use_tls=server.security == TLS,
        # Not None, which would continue without TLS if the server does not offer STARTTLS.
        start_tls=server.security == STARTTLS,
        validate_certs=True,
        # The caller limits the time of the whole delivery, not of each command.
        timeout=None,
    )


async def _local_hostname() -> str:
    """Return the host's name for EHLO, or an address literal if it has no domain (RFC 5321, section 4.1.4)."""
    name = await asyncio.to_thread(socket.getfqdn)
    return name if "." in name and name.isascii() else "[127.0.0.1]"


async def _submit(client: SMTP, message: EmailMessage) -> None:
    sender, recipient = (message[name].addresses[0].addr_spec for name in ("From", "To"))
    await client.send_message(message, sender=sender, recipients=[recipient])


@contextmanager
def _translated_errors(host: str) -> Iterator[None]:
    try:
        yield
    except SMTPRecipientsRefused as error:
        (refused,) = error.recipients
        raise _delivery_error(host, refused) from error
    except SMTPResponseException as error:
        raise _delivery_error(host, error) from error
    except SMTPNotSupported as error:
        raise PermanentDeliveryError(host, 0, str(error)) from error
    except (OSError, SMTPException) as error:
        raise DeliveryError(f"{host}: {str(error) or type(error).__name__}") from error


def _delivery_error(host: str, error: SMTPResponseException) -> DeliveryError:
    # Not every server answers in UTF-8; other bytes would be surrogates, which cannot be logged.
    text = error.message.encode("ascii", "backslashreplace").decode("ascii")
    # RFC 5321, section 4.2.1: 4xx is transient, 5xx is permanent. A rejected login is an error in our settings, not in
    # the email.
    is_login = isinstance(error, SMTPAuthenticationError) or error.code in _AUTHENTICATION_CODES
    if error.code >= 500 and not is_login:
        return PermanentDeliveryError(host, error.code, text)
    return DeliveryError(f"{host}: {error.code} {text}")


def parse_smtp_url(url: str, *, password: str) -> SmtpServer:
    """Return the server of `smtps://[USER@]HOST[:PORT]`, `smtp+starttls://...` or `smtp://HOST[:PORT]`.

    Args:
        url: the user is percent-encoded; the default ports are 465, 587 and 25.
        password: not encoded; empty if the URL has no user.

    Raises:
        MailConfigurationError: the URL is not valid, holds the password, or has a user without one.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError) as error:
        raise MailConfigurationError("not the URL of a mail server") from error
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.password is not None:
        raise MailConfigurationError(
            "not the URL of a mail server, or it holds the password, which belongs in the password file"
        )
    if bool(parts.username) != bool(password):
        raise MailConfigurationError("a user needs a password file, and a password file a user in the URL")
    if parts.username and parts.scheme == PLAIN:
        raise MailConfigurationError("a password is sent over smtps or smtp+starttls only")
    return SmtpServer(
        security=parts.scheme, host=parts.hostname, port=port, user=unquote(parts.username or ""), password=password
    )
