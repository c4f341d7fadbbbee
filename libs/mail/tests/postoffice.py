"""A mail server on a real socket, as RFC 5321 has it, with STARTTLS, TLS and AUTH; it can be slow or refuse."""

import asyncio
import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "house", "canary-7c1d"


@dataclass(frozen=True, slots=True)
class Received:
    """One letter as it came."""

    sender: str
    recipients: list[str]
    content: bytes
    was_encrypted: bool
    user: str


@dataclass(slots=True)
class PostOffice:
    """What it does, and what it got.

    Attributes:
        replies: a verb's reply in place of the usual one.
        silent: the verb that is never answered.
        endless: the verb whose answer never ends.
        clients: how many there are.
        offers: extensions that it announces.
        lines: everything that clients said before and beside letters.
    """

    context: ssl.SSLContext
    replies: dict[str, str] = field(default_factory=dict)
    silent: str = ""
    endless: str = ""
    clients: int = 0
    offers: list[str] = field(default_factory=lambda: ["STARTTLS", "AUTH PLAIN", "SMTPUTF8"])
    letters: list[Received] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    port: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        self.clients += 1
        with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await _Conversation(self, reader, writer).run()
        self.clients -= 1
        writer.close()


class _Conversation:
    def __init__(self, office: PostOffice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._office = office
        self._reader = reader
        self._writer = writer
        self._sender = self._user = ""
        self._recipients: list[str] = []

    @property
    def _is_encrypted(self) -> bool:
        return self._writer.get_extra_info("ssl_object") is not None

    async def run(self) -> None:
        await self._say(self._office.replies.get("greeting", "220 post.test"))
        while line := (await self._reader.readline()).decode().strip():
            self._office.lines.append(line)
            verb, _, rest = line.partition(" ")
            if verb == self._office.silent:
                await asyncio.sleep(60)
            while verb == self._office.endless:
                await self._say("250-and")
                await asyncio.sleep(0.1)
            await self._do(verb.upper(), rest)
            if verb.upper() == "QUIT":
                return

    async def _do(self, verb: str, rest: str) -> None:
        if reply := self._office.replies.get(verb):
            await self._say(reply)
        elif verb == "EHLO":
            offers = [each for each in self._office.offers if each != "STARTTLS" or not self._is_encrypted]
            await self._say("\r\n".join([*(f"250-{each}" for each in ["post.test", *offers]), "250 8BITMIME"]))
        elif verb == "STARTTLS":
            await self._say("220 go on")
            await self._writer.start_tls(self._office.context)
        elif verb == "AUTH":
            _, self._user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
            await self._say("235 welcome" if (self._user, password) == (USER, PASSWORD) else "535 who are you")
        elif verb == "DATA":
            await self._take()
        else:
            await self._say(self._note(verb, rest))

    def _note(self, verb: str, rest: str) -> str:
        address = rest.partition("<")[2].partition(">")[0]
        if verb == "QUIT":
            return "221 bye"
        if verb == "MAIL":
            self._sender = address
        elif verb == "RCPT":
            self._recipients.append(address)
        return "250 ok"

    async def _take(self) -> None:
        await self._say("354 go on")
        content = await self._reader.readuntil(b"\r\n.\r\n")
        letter = Received(self._sender, self._recipients, content[:-3], self._is_encrypted, self._user)
        self._office.letters.append(letter)
        await self._say("250 taken")

    async def _say(self, text: str) -> None:
        self._writer.write(f"{text}\r\n".encode())
        await self._writer.drain()


@contextmanager
def post_office(certificate: Path, *, at_once: bool = False) -> Iterator[PostOffice]:
    """A mail server, in a thread of its own; `at_once` speaks TLS from the start."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    office = PostOffice(context)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    opening = asyncio.start_server(office.talk, "127.0.0.1", 0, ssl=context if at_once else None)
    server = asyncio.run_coroutine_threadsafe(opening, loop).result(10)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    talking = asyncio.all_tasks() - {asyncio.current_task()}
    for each in talking:
        each.cancel()
    await asyncio.gather(*talking, return_exceptions=True)


def write_certificate(path: Path, *, name: str) -> Path:
    """A key and a certificate of our own making for a host of this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(encoding, form, none) + certificate.public_bytes(encoding))
    return path
