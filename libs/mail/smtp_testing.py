"""An SMTP server on a loopback socket (RFC 5321) with STARTTLS, TLS and AUTH, which can reject, stall or misbehave."""

import asyncio
import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "mailer", "canary-7c1d"


@dataclass(frozen=True, slots=True)
class ReceivedEmail:
    """An accepted email with its envelope."""

    sender: str
    recipients: list[str]
    content: bytes
    was_encrypted: bool
    user: str


@dataclass(slots=True)
class FakeSmtpServer:
    """The behaviour of the server, and the emails and commands that it received.

    Attributes:
        replies: replies by verb (`greeting` before the first command), in place of the usual ones.
        silent: verb that gets no reply; `content` is the text after DATA, which is then not read either.
        endless: verb whose reply never ends.
        deaf: verb after whose reply nothing more is read, not even the end of TLS.
        extensions: extensions listed in the reply to EHLO.
        connections: number of open connections.
        emails: accepted emails.
        lines: all command lines.
    """

    context: ssl.SSLContext
    replies: dict[str, str] = field(default_factory=dict)
    silent: str = ""
    endless: str = ""
    deaf: str = ""
    extensions: list[str] = field(default_factory=lambda: ["STARTTLS", "AUTH PLAIN", "8BITMIME", "SMTPUTF8"])
    connections: int = 0
    emails: list[ReceivedEmail] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the client closes it."""
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await _Connection(self, reader, writer).serve()
            writer.close()
        except asyncio.CancelledError:
            # The loop stops before TLS or a full buffer would let the connection close.
            writer.transport.abort()
        finally:
            self.connections -= 1


class _Connection:
    def __init__(self, server: FakeSmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._sender = self._user = ""
        self._recipients: list[str] = []

    @property
    def _is_encrypted(self) -> bool:
        return self._writer.get_extra_info("ssl_object") is not None

    async def serve(self) -> None:
        await self._reply(self._server.replies.get("greeting", "220 mail.test"))
        while line := (await self._reader.readline()).decode().strip():
            self._server.lines.append(line)
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if verb == self._server.silent:
                await self._reader.read()
                return
            while verb == self._server.endless:
                await self._reply("250-and")
                await asyncio.sleep(0.1)
            await self._execute(verb, rest)
            if verb == self._server.deaf:
                cast("asyncio.Transport", self._writer.transport).pause_reading()
                await asyncio.sleep(600)
            if verb == "QUIT":
                return

    async def _execute(self, verb: str, rest: str) -> None:
        if reply := self._server.replies.get(verb):
            await self._reply(reply)
        elif verb == "EHLO":
            listed = [each for each in self._server.extensions if each != "STARTTLS" or not self._is_encrypted]
            await self._reply("\r\n".join([*(f"250-{each}" for each in ["mail.test", *listed]), "250 HELP"]))
        elif verb == "STARTTLS":
            await self._reply("220 ready")
            await self._writer.start_tls(self._server.context)
        elif verb == "AUTH":
            _, self._user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
            is_valid = (self._user, password) == (USER, PASSWORD)
            await self._reply("235 authenticated" if is_valid else "535 invalid credentials")
        elif verb == "DATA":
            await self._receive_content()
        else:
            await self._reply(self._record_envelope(verb, rest))

    def _record_envelope(self, verb: str, rest: str) -> str:
        address = rest.partition("<")[2].partition(">")[0]
        if verb == "QUIT":
            return "221 closing"
        if verb == "MAIL":
            self._sender = address
        elif verb == "RCPT":
            self._recipients.append(address)
        return "250 ok"

    async def _receive_content(self) -> None:
        await self._reply("354 send the content")
        if self._server.silent == "content":
            # Long enough for the test to detect whether the client closes the connection.
            await asyncio.sleep(600)
        content = await self._reader.readuntil(b"\r\n.\r\n")
        email = ReceivedEmail(self._sender, self._recipients, content[:-3], self._is_encrypted, self._user)
        self._server.emails.append(email)
        await self._reply("250 accepted")

    async def _reply(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode(errors="surrogateescape"))
        await self._writer.drain()


@contextmanager
def running_smtp_server(certificate: Path, *, use_tls: bool = False) -> Iterator[FakeSmtpServer]:
    """Run a server in a thread; with `use_tls` its connections use TLS from their start."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    fake = FakeSmtpServer(context)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    starting = asyncio.start_server(fake.serve, "127.0.0.1", 0, ssl=context if use_tls else None)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    for connection in connections:
        connection.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
    # An aborted transport closes its socket in the next iteration of the loop.
    await asyncio.sleep(0.01)


def write_certificate(path: Path, *, hostname: str) -> Path:
    """Write a private key and a self-signed certificate for `hostname` to `path`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, hostname)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private_key = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private_key + certificate.public_bytes(pem))
    return path
