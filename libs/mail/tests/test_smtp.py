"""Letters reach a mail server whole, to whom they are meant for and nobody else, or the caller hears of it."""

import asyncio
import time
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from libs.mail.errors import BadLetter, BadMailSetting, NotSent, Rejected
from libs.mail.letter import Letter
from libs.mail.mailer import open_mailer
from libs.mail.smtp import STARTTLS, Server, SmtpMailer, parse
from libs.mail.tests.postoffice import PASSWORD, USER, PostOffice, post_office, write_certificate

LETTER = Letter(to="ann@example.com", subject="Grüße", text="Line one\n.\nLine two, geheim\n")
SENDER = "House <house@example.com>"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server shows."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem", name="localhost")


@pytest.fixture(autouse=True)
def _trusted(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.fixture
def office(certificate: Path) -> Iterator[PostOffice]:
    """A server that begins in plain text."""
    with post_office(certificate) as opened:
        yield opened


def mailer(office: PostOffice, *, security: str = STARTTLS, seconds: float = 10.0, **changed: str) -> SmtpMailer:
    """A mailer that hands its letters to `office`."""
    given = {"host": "localhost", "user": USER, "password": PASSWORD} | changed
    return SmtpMailer(Server(security=security, port=office.port, **given), SENDER, seconds=seconds)


@pytest.mark.parametrize(("security", "user"), [("smtp", ""), ("smtp+starttls", USER), ("smtps", USER)])
async def test_a_letter_arrives_as_it_was_written(certificate: Path, security: str, user: str) -> None:
    """By each of the three ways, with the login where there is one."""
    with post_office(certificate, at_once=security == "smtps") as office:
        await mailer(office, security=security, user=user, password=PASSWORD if user else "").send(LETTER)
    (received,) = office.letters
    assert (received.sender, received.recipients) == ("house@example.com", [LETTER.to])
    assert (received.was_encrypted, received.user) == (security != "smtp", user)
    message = message_from_bytes(received.content.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, LETTER.to, LETTER.subject)
    assert message.get_content().replace("\r\n", "\n") == LETTER.text


@pytest.mark.parametrize("reply", ["", "454 not now"], ids=["not offered", "refused"])
async def test_a_server_without_starttls_gets_nothing(office: PostOffice, reply: str) -> None:
    """Neither the password nor the letter goes in plain because somebody took the offer out (RFC 3207, 6)."""
    if reply:
        office.replies["STARTTLS"] = reply
    else:
        office.offers.remove("STARTTLS")
    with pytest.raises(NotSent, match=reply or "STARTTLS"):
        await mailer(office).send(LETTER)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in office.lines)


@pytest.mark.parametrize("security", ["smtps", STARTTLS])
async def test_a_server_that_is_another_gets_nothing(certificate: Path, security: str) -> None:
    """Its certificate has to be for the host that was asked for."""
    with post_office(certificate, at_once=security == "smtps") as office, pytest.raises(NotSent, match="certificate"):
        await mailer(office, security=security, host="127.0.0.1").send(LETTER)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in office.lines)


@pytest.mark.parametrize(
    ("verb", "reply", "error"),
    [
        ("greeting", "554 no", Rejected),
        ("greeting", "421 later", NotSent),
        ("RCPT", "550 no such user", Rejected),
        ("RCPT", "450 later", NotSent),
        ("MAIL", "451 later", NotSent),
        ("DATA", "554 no", Rejected),
        ("AUTH", "535 who", NotSent),
    ],
)
async def test_what_the_server_says_is_what_the_caller_hears(
    office: PostOffice, verb: str, reply: str, error: type[NotSent]
) -> None:
    """Whether it may be tried again, and why, without the password."""
    office.replies[verb] = reply
    with pytest.raises(NotSent, match=reply.replace(" ", ".*")) as caught:
        await mailer(office).send(LETTER)
    assert type(caught.value) is error
    assert PASSWORD not in str(caught.value)
    assert office.letters == []


@pytest.mark.parametrize("verb", ["ehlo", "STARTTLS", "AUTH", "mail", "data"])
async def test_a_server_that_stops_talking_is_given_up(office: PostOffice, verb: str) -> None:
    """Within the time that a letter may take."""
    office.silent = verb
    began = time.monotonic()
    with pytest.raises(NotSent):
        await mailer(office, seconds=0.5).send(LETTER)
    assert time.monotonic() - began < 30


async def test_a_server_that_never_stops_talking_is_cut_off(office: PostOffice) -> None:
    """The thread that listens to it ends, or a handful of letters would take all threads for ever."""
    office.endless = "ehlo"
    with pytest.raises(NotSent, match=r"within 0\.5 s"):
        await mailer(office, seconds=0.5).send(LETTER)
    for _ in range(1200):
        if office.clients:
            await asyncio.sleep(0.05)
    assert office.clients == 0


async def test_a_server_that_takes_the_letter_and_is_rude_has_taken_it(office: PostOffice) -> None:
    """What it says to the goodbye changes nothing: tried again, the letter would come twice."""
    office.replies["QUIT"] = "421 whatever"
    await mailer(office).send(LETTER)
    assert len(office.letters) == 1


async def test_nobody_listens() -> None:
    """The caller hears that too."""
    gone = SmtpMailer(Server(security="smtp", host="localhost", port=1), SENDER)
    with pytest.raises(NotSent, match="localhost"):
        await gone.send(LETTER)


@pytest.mark.parametrize(
    "letter",
    [
        Letter(to="ann@example.com\nBcc: eve@example.com", subject="x", text="x"),
        Letter(to="ann@example.com\r\nRCPT TO:<eve@example.com>", subject="x", text="x"),
        Letter(to="ann@example.com, eve@example.com", subject="x", text="x"),
        Letter(to="friends: ann@example.com;", subject="x", text="x"),
        Letter(to="ann@example.com>\x00", subject="x", text="x"),
        Letter(to="", subject="x", text="x"),
        Letter(to="ann@example.com", subject="x\r\nBcc: eve@example.com", text="x"),
    ],
    ids=lambda letter: repr(letter.to)[:30],
)
async def test_a_letter_that_would_be_more_than_one_is_refused(office: PostOffice, letter: Letter) -> None:
    """No header and no recipient can be smuggled in, and the server is not even called."""
    with pytest.raises(BadLetter):
        await mailer(office).send(letter)
    assert office.lines == []


async def test_text_that_looks_like_the_end_is_text(office: PostOffice) -> None:
    """Dots at the beginning of lines are doubled on the way (RFC 5321, 4.5.2)."""
    await mailer(office).send(
        Letter(to="ann@example.com", subject="x", text="a\r\n.\r\nMAIL FROM:<eve@example.com>\r\n")
    )
    assert len(office.letters) == 1
    assert "MAIL FROM:<eve@example.com>" not in office.lines


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://mail.example.com", Server(security="smtps", host="mail.example.com", port=465)),
        ("smtp+starttls://mail.example.com", Server(security=STARTTLS, host="mail.example.com", port=587)),
        ("smtp://localhost:2525", Server(security="smtp", host="localhost", port=2525)),
    ],
)
def test_a_setting_names_the_server(url: str, server: Server) -> None:
    """And the port is the usual one where none is named."""
    assert parse(url, "") == server
    assert isinstance(open_mailer(url, sender=SENDER), SmtpMailer)


def test_a_user_may_have_any_character() -> None:
    """Percent-encoded in the setting; the password is as it is."""
    server = parse("smtps://ann%40example.com@mail.example.com", "p@ss:word/%41")
    assert (server.user, server.password) == ("ann@example.com", "p@ss:word/%41")
    assert "p@ss" not in repr(server)


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("smtps://", ""),
        ("smtps://host:port", ""),
        ("smtps://host/path", ""),
        ("http://host", ""),
        ("smtps://user@host", ""),
        ("smtps://host", "password"),
        ("smtps://user:canary@host", "password"),
        ("smtp://user@host", "password"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(tmp_path: Path, url: str, password: str) -> None:
    """At the start, in a sentence that shows no password."""
    file = tmp_path / "password"
    file.write_text(f"{password}\n")
    with pytest.raises(BadMailSetting, match="mail goes to") as caught:
        open_mailer(url, sender=SENDER, password_file=file)
    assert "canary" not in str(caught.value)


def test_a_password_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Before anything is served."""
    with pytest.raises(BadMailSetting, match="cannot be read"):
        open_mailer("smtps://user@host", sender=SENDER, password_file=tmp_path / "missing")
