"""Emails reach the mail server unchanged and only their recipient, or the caller gets an error."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import uvloop

from libs.mail.errors import DeliveryError, InvalidEmail, MailConfigurationError, PermanentDeliveryError
from libs.mail.mailer import open_mailer
from libs.mail.message import Email
from libs.mail.smtp import STARTTLS, SmtpMailer, SmtpServer, parse_smtp_url
from libs.mail.smtp_testing import PASSWORD, USER, FakeSmtpServer, running_smtp_server, write_certificate

EMAIL = Email(to="ann@example.com", subject="Grüße", text="Line one\n.\nLine two, geheim\n")
SENDER = "Shop <no-reply@example.com>"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's certificate, for localhost."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem", hostname="localhost")


@pytest.fixture(autouse=True)
def _trusted(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.fixture
def server(certificate: Path) -> Iterator[FakeSmtpServer]:
    """A server whose connections start unencrypted."""
    with running_smtp_server(certificate) as fake:
        yield fake


def mailer(server: FakeSmtpServer, *, security: str = STARTTLS, timeout: float = 10.0, **changes: str) -> SmtpMailer:
    """Return a mailer that sends to `server`."""
    target = {"host": "localhost", "user": USER, "password": PASSWORD} | changes
    return SmtpMailer(SmtpServer(security=security, port=server.port, **target), SENDER, timeout=timeout)


async def all_closed(server: FakeSmtpServer) -> bool:
    """Tell whether every connection gets closed within a minute."""
    for _ in range(1200):
        if server.connections == 0:
            return True
        await asyncio.sleep(0.05)
    return False


@pytest.mark.parametrize(("security", "user"), [("smtp", ""), ("smtp+starttls", USER), ("smtps", USER)])
async def test_an_email_arrives_unchanged(certificate: Path, security: str, user: str) -> None:
    """With each kind of URL, and with a login where the URL has a user."""
    with running_smtp_server(certificate, use_tls=security == "smtps") as server:
        await mailer(server, security=security, user=user, password=PASSWORD if user else "").send(EMAIL)
        assert await all_closed(server)
    (received,) = server.emails
    assert (received.sender, received.recipients) == ("no-reply@example.com", [EMAIL.to])
    assert (received.was_encrypted, received.user) == (security != "smtp", user)
    message = message_from_bytes(received.content.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, EMAIL.to, EMAIL.subject)
    assert message.get_content().replace("\r\n", "\n") == EMAIL.text
    assert server.lines[-1] == "QUIT"


@pytest.mark.parametrize("reply", ["", "454 not now"], ids=["not offered", "rejected"])
async def test_a_server_without_starttls_receives_nothing(server: FakeSmtpServer, reply: str) -> None:
    """If an attacker removes the STARTTLS offer, neither password nor email is sent (RFC 3207, section 6)."""
    if reply:
        server.replies["STARTTLS"] = reply
    else:
        server.extensions.remove("STARTTLS")
    with pytest.raises(DeliveryError, match=reply or "STARTTLS"):
        await mailer(server).send(EMAIL)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in server.lines)


@pytest.mark.parametrize("security", ["smtps", STARTTLS])
async def test_a_certificate_for_another_host_is_rejected(certificate: Path, security: str) -> None:
    """The server then receives neither the password nor the email."""
    with running_smtp_server(certificate, use_tls=security == "smtps") as server:
        with pytest.raises(DeliveryError, match="certificate"):
            await mailer(server, security=security, host="127.0.0.1").send(EMAIL)
        assert not any(line.startswith(("AUTH", "MAIL")) for line in server.lines)


@pytest.mark.parametrize("security", ["smtps", STARTTLS])
async def test_an_untrusted_certificate_is_rejected(
    certificate: Path, tmp_path: Path, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A self-signed certificate for the right host that is not in the trust store is not enough."""
    other = write_certificate(tmp_path / "other.pem", hostname="localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with running_smtp_server(certificate, use_tls=security == "smtps") as server:
        with pytest.raises(DeliveryError, match="certificate"):
            await mailer(server, security=security).send(EMAIL)
        assert not any(line.startswith(("AUTH", "MAIL")) for line in server.lines)


@pytest.mark.parametrize(
    ("verb", "reply", "error"),
    [
        ("greeting", "554 no", PermanentDeliveryError),
        ("greeting", "421 later", DeliveryError),
        ("EHLO", "421 later", DeliveryError),
        ("MAIL", "451 later", DeliveryError),
        ("MAIL", "530 authentication required", DeliveryError),
        ("RCPT", "550 no such user", PermanentDeliveryError),
        ("RCPT", "450 later", DeliveryError),
        ("DATA", "554 no", PermanentDeliveryError),
        ("DATA", "452 later", DeliveryError),
        ("AUTH", "535 invalid credentials", DeliveryError),
        ("AUTH", "504 unknown mechanism", DeliveryError),
    ],
)
async def test_rejections_are_permanent_for_5xx_but_those_of_the_login(
    server: FakeSmtpServer, verb: str, reply: str, error: type[DeliveryError]
) -> None:
    """The error holds the server's reply and never the password."""
    server.replies[verb] = reply
    with pytest.raises(DeliveryError, match=reply.replace(" ", ".*")) as caught:
        await mailer(server).send(EMAIL)
    assert type(caught.value) is error
    assert PASSWORD not in str(caught.value)
    assert server.emails == []


async def test_a_reply_in_another_encoding_can_be_logged(server: FakeSmtpServer) -> None:
    """The error's text is ASCII, without surrogates."""
    server.replies["RCPT"] = "550 inconnu \udce9"
    with pytest.raises(PermanentDeliveryError, match=r"550 inconnu \\udce9") as caught:
        await mailer(server).send(EMAIL)
    assert caught.value.code == 550


@pytest.mark.parametrize("verb", ["EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"])
async def test_a_silent_server_fails_the_delivery_in_time(server: FakeSmtpServer, verb: str) -> None:
    """The connection is closed too."""
    server.silent = verb
    started = time.monotonic()
    with pytest.raises(DeliveryError, match=r"within 0\.5 s"):
        await mailer(server, timeout=0.5).send(EMAIL)
    assert time.monotonic() - started < 30
    assert await all_closed(server)


@pytest.mark.parametrize("security", ["smtps", STARTTLS])
async def test_a_server_that_never_shakes_hands_fails_the_delivery_in_time(security: str) -> None:
    """The limit covers the TLS handshake and the greeting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = SmtpServer(security=security, host="localhost", port=listener.getsockname()[1])
        with pytest.raises(DeliveryError, match=r"within 0\.5 s"):
            await SmtpMailer(target, SENDER, timeout=0.5).send(EMAIL)


async def test_an_endless_reply_fails_the_delivery_in_time(server: FakeSmtpServer) -> None:
    """The limit is for the whole delivery, not for the time between two packets."""
    server.endless = "EHLO"
    with pytest.raises(DeliveryError, match=r"within 0\.5 s"):
        await mailer(server, timeout=0.5).send(EMAIL)
    assert await all_closed(server)


@pytest.mark.parametrize("new_event_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("security", ["smtp", STARTTLS])
def test_a_server_that_stops_reading_loses_the_connection(
    server: FakeSmtpServer, security: str, new_event_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Content that is still buffered does not keep the connection open after a cancellation."""
    server.silent = "content"
    large = Email(to=EMAIL.to, subject="x", text=("x" * 900 + "\n") * 12_000)
    user = {} if security == STARTTLS else {"user": "", "password": ""}

    async def send() -> int:
        before = _open_sockets()
        sending = asyncio.create_task(mailer(server, security=security, timeout=600, **user).send(large))
        await _line(server, "DATA")
        # Time to fill the buffers of both sockets.
        await asyncio.sleep(0.5)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await asyncio.sleep(0.1)
        return _open_sockets() - before

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert runner.run(send()) == 1, "expected the server's end alone"


@pytest.mark.parametrize("new_event_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("verb", ["AUTH", "QUIT"])
def test_the_end_of_tls_is_not_waited_for(
    server: FakeSmtpServer, verb: str, new_event_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """After a rejected login and after a delivery, the connection is closed even if the server does not answer."""
    server.deaf = verb
    if verb == "AUTH":
        server.replies["AUTH"] = "535 invalid credentials"

    async def send() -> int:
        before = _open_sockets()
        with suppress(DeliveryError):
            await mailer(server).send(EMAIL)
        await asyncio.sleep(0.1)
        return _open_sockets() - before

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert runner.run(send()) == 1, "expected the server's end alone"
    assert server.lines[-1].startswith(verb)


async def test_cancellation_closes_the_connection(server: FakeSmtpServer) -> None:
    """It does not wait for the server, not even for the reply to QUIT."""
    server.silent = "DATA"
    sending = asyncio.create_task(mailer(server, timeout=600).send(EMAIL))
    await _line(server, "DATA")
    sending.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert time.monotonic() - started < 30
    assert await all_closed(server)
    assert "QUIT" not in server.lines


@pytest.mark.parametrize(("reply", "silent"), [("421 closing", ""), ("", "QUIT")], ids=["error", "no reply"])
async def test_an_accepted_email_is_delivered_whatever_follows(server: FakeSmtpServer, reply: str, silent: str) -> None:
    """An error after a failed QUIT would make the caller send the email twice."""
    server.silent = silent
    if reply:
        server.replies["QUIT"] = reply
    await mailer(server, timeout=2.0).send(EMAIL)
    assert len(server.emails) == 1
    assert await all_closed(server)


async def test_no_server_raises_delivery_error() -> None:
    """The error names the host."""
    mailer = SmtpMailer(SmtpServer(security="smtp", host="localhost", port=1), SENDER)
    with pytest.raises(DeliveryError, match="localhost"):
        await mailer.send(EMAIL)


async def test_a_host_without_domain_introduces_itself_by_address(
    server: FakeSmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers may reject a name without a dot (RFC 5321, section 4.1.4), which containers usually have."""
    monkeypatch.setattr(socket, "getfqdn", lambda: "container")
    await mailer(server).send(EMAIL)
    assert server.lines[0] == "EHLO [127.0.0.1]"


@pytest.mark.parametrize(
    "email",
    [
        Email(to="ann@example.com\nBcc: eve@example.com", subject="x", text="x"),
        Email(to="ann@example.com\r\nRCPT TO:<eve@example.com>", subject="x", text="x"),
        Email(to="ann@example.com, eve@example.com", subject="x", text="x"),
        Email(to="friends: ann@example.com;", subject="x", text="x"),
        Email(to="ann@example.com>\x00", subject="x", text="x"),
        Email(to="", subject="x", text="x"),
        Email(to="ann@example.com", subject="x\r\nBcc: eve@example.com", text="x"),
    ],
    ids=lambda email: repr(email.to)[:30],
)
async def test_a_second_recipient_or_header_is_rejected(server: FakeSmtpServer, email: Email) -> None:
    """Neither an address nor a subject can add one; the server is not contacted."""
    with pytest.raises(InvalidEmail):
        await mailer(server).send(email)
    assert server.lines == []


async def test_a_subject_that_has_no_encoding_is_rejected(server: FakeSmtpServer) -> None:
    """A lone surrogate raises InvalidEmail, not UnicodeEncodeError."""
    with pytest.raises(InvalidEmail):
        await mailer(server).send(Email(to="ann@example.com", subject="\ud800", text="x"))
    assert server.emails == []


async def test_an_address_outside_ascii_needs_a_server_with_smtputf8(server: FakeSmtpServer) -> None:
    """Without the extension the error is permanent (RFC 6531)."""
    email = Email(to="ann@bücher.example", subject="x", text="x")
    await mailer(server).send(email)
    assert server.emails[0].recipients == [email.to]
    server.extensions.remove("SMTPUTF8")
    with pytest.raises(PermanentDeliveryError, match="SMTPUTF8"):
        await mailer(server).send(email)


async def test_lines_with_a_dot_do_not_end_the_content(server: FakeSmtpServer) -> None:
    """Leading dots are doubled (RFC 5321, section 4.5.2)."""
    await mailer(server).send(
        Email(to="ann@example.com", subject="x", text="a\r\n.\r\nMAIL FROM:<eve@example.com>\r\n")
    )
    assert len(server.emails) == 1
    assert "MAIL FROM:<eve@example.com>" not in server.lines


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://mail.example.com", SmtpServer(security="smtps", host="mail.example.com", port=465)),
        ("smtp+starttls://mail.example.com", SmtpServer(security=STARTTLS, host="mail.example.com", port=587)),
        ("smtp://localhost:2525", SmtpServer(security="smtp", host="localhost", port=2525)),
    ],
)
def test_a_url_names_the_server(url: str, server: SmtpServer) -> None:
    """The port defaults to that of the scheme."""
    assert parse_smtp_url(url, password="") == server
    assert isinstance(open_mailer(url, sender=SENDER), SmtpMailer)


def test_a_user_may_have_any_character() -> None:
    """It is percent-encoded in the URL; the password is not, and `repr` omits it."""
    server = parse_smtp_url("smtps://ann%40example.com@mail.example.com", password="p@ss:word/%41")
    assert (server.user, server.password) == ("ann@example.com", "p@ss:word/%41")
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("smtps://", ""),
        ("smtps://host:port", ""),
        ("smtps://[::1", ""),
        ("smtps://host/path", ""),
        ("smtps://host#fragment", ""),
        ("http://host", ""),
        ("smtps://user@host", ""),
        ("smtps://host", "password"),
        ("smtps://user:canary@host", "password"),
        ("smtp://user@host", "password"),
    ],
)
def test_an_invalid_url_is_rejected(tmp_path: Path, url: str, password: str) -> None:
    """The error is one sentence without the password."""
    file = tmp_path / "password"
    file.write_text(f"{password}\n")
    with pytest.raises(MailConfigurationError, match="expected `console`") as caught:
        open_mailer(url, sender=SENDER, password_file=file)
    assert "canary" not in str(caught.value)


def test_an_unreadable_password_file_is_rejected(tmp_path: Path) -> None:
    """The error is raised when the mailer is created, not with the first email."""
    with pytest.raises(MailConfigurationError, match="cannot be read"):
        open_mailer("smtps://user@host", sender=SENDER, password_file=tmp_path / "missing")


async def _line(server: FakeSmtpServer, line: str) -> None:
    for _ in range(6000):
        if line in server.lines:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"the server received no {line}")


def _open_sockets() -> int:
    links = Path("/proc/self/fd").iterdir()
    return sum(link.is_symlink() and str(link.readlink()).startswith("socket:") for link in links)
