"""Letters are sent as they are, and cannot be made to say more."""

import io
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from libs.mail.errors import BadLetter, BadMailSetting, NotSent
from libs.mail.letter import Letter
from libs.mail.mailer import ConsoleMailer, FolderMailer, open_mailer

LETTER = Letter(to="ann@example.com", subject="Grüße", text="Line one\nLine two, geheim\n")


async def test_the_console_shows_the_whole_letter() -> None:
    """So that a developer can go on without a mail server."""
    stream = io.StringIO()
    await ConsoleMailer(stream).send(LETTER)
    assert stream.getvalue() == "To: ann@example.com\nSubject: Grüße\n\nLine one\nLine two, geheim\n\n"


async def test_a_folder_gets_one_private_file_for_each_letter(tmp_path: Path) -> None:
    """Readable as RFC 5322 by any mail server, and by nobody else on the machine."""
    mailer = FolderMailer(tmp_path / "out", "house@example.com")
    for _ in range(2):
        await mailer.send(LETTER)
    files = _files(tmp_path / "out")
    assert [path.suffix for path in files] == [".eml", ".eml"]
    for path in files:
        assert path.stat().st_mode & 0o077 == 0
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert (message["From"], message["To"], message["Subject"]) == ("house@example.com", LETTER.to, LETTER.subject)
        assert message.get_content().replace("\r\n", "\n") == LETTER.text


async def test_an_address_cannot_add_a_header(tmp_path: Path) -> None:
    """A line break in an address is refused, not sent."""
    letter = Letter(to="ann@example.com\nBcc: eve@example.com", subject="x", text="x")
    with pytest.raises(BadLetter, match="linefeed"):
        await FolderMailer(tmp_path, "house@example.com").send(letter)
    assert _files(tmp_path) == []


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The caller hears that the letter did not leave."""
    (tmp_path / "file").write_text("")
    with pytest.raises(NotSent):
        await FolderMailer(tmp_path / "file" / "out", "house@example.com").send(LETTER)


def test_a_setting_names_the_way(tmp_path: Path) -> None:
    """And text that names none is refused with a sentence."""
    assert isinstance(open_mailer("console", sender="x@example.com"), ConsoleMailer)
    assert isinstance(open_mailer(f"folder:{tmp_path}", sender="x@example.com"), FolderMailer)
    for wrong in ("", "folder:", "smtp", "pigeon:1"):
        with pytest.raises(BadMailSetting, match="console"):
            open_mailer(wrong, sender="x@example.com")


def test_a_letter_does_not_show_its_text() -> None:
    """What is in it may be a secret, and a repr may end up in a log."""
    assert "geheim" not in repr(LETTER)


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())
