"""Emails are printed or written to files unchanged, and an address cannot add a header."""

import io
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from libs.mail.errors import DeliveryError, InvalidEmail, MailConfigurationError
from libs.mail.mailer import ConsoleMailer, FolderMailer, open_mailer
from libs.mail.message import Email

EMAIL = Email(to="ann@example.com", subject="Grüße", text="Line one\nLine two, geheim\n")
SENDER = "no-reply@example.com"


async def test_the_console_shows_the_whole_email() -> None:
    """The console mailer prints the whole email, so that a developer needs no mail server."""
    stream = io.StringIO()
    await ConsoleMailer(stream).send(EMAIL)
    assert stream.getvalue() == "To: ann@example.com\nSubject: Grüße\n\nLine one\nLine two, geheim\n\n"


async def test_each_email_is_one_private_file(tmp_path: Path) -> None:
    """Files are valid RFC 5322 messages that other users of the machine cannot read."""
    mailer = FolderMailer(tmp_path / "out", SENDER)
    for _ in range(2):
        await mailer.send(EMAIL)
    files = _files(tmp_path / "out")
    assert [path.suffix for path in files] == [".eml", ".eml"]
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert (message["From"], message["To"], message["Subject"]) == (SENDER, EMAIL.to, EMAIL.subject)
        assert message["Auto-Submitted"] == "auto-generated"
        assert message.get_content().replace("\r\n", "\n") == EMAIL.text


async def test_an_address_cannot_add_a_header(tmp_path: Path) -> None:
    """An address with a line break is rejected and nothing is written."""
    email = Email(to="ann@example.com\nBcc: eve@example.com", subject="x", text="x")
    with pytest.raises(InvalidEmail, match="linefeed"):
        await FolderMailer(tmp_path, SENDER).send(email)
    assert _files(tmp_path) == []


async def test_text_that_has_no_encoding_is_rejected(tmp_path: Path) -> None:
    """A lone surrogate raises InvalidEmail, not UnicodeEncodeError."""
    with pytest.raises(InvalidEmail, match="surrogates"):
        await FolderMailer(tmp_path, SENDER).send(Email(to="ann@example.com", subject="x", text="\ud800"))


async def test_a_folder_that_cannot_be_written_raises_delivery_error(tmp_path: Path) -> None:
    """A folder that cannot be written raises DeliveryError."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveryError):
        await FolderMailer(tmp_path / "file" / "out", SENDER).send(EMAIL)


def test_a_setting_selects_the_mailer(tmp_path: Path) -> None:
    """Other text is rejected with a sentence that lists the valid values."""
    assert isinstance(open_mailer("console", sender=SENDER), ConsoleMailer)
    assert isinstance(open_mailer(f"folder:{tmp_path}", sender=SENDER), FolderMailer)
    for wrong in ("", "folder:", "smtp", "pigeon:1"):
        with pytest.raises(MailConfigurationError, match="expected `console`"):
            open_mailer(wrong, sender=SENDER)


def test_repr_of_an_email_omits_its_text_and_recipient() -> None:
    """The `repr`, which may be logged, has neither text nor recipient."""
    assert repr(EMAIL) == "Email(subject='Grüße')"


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())
