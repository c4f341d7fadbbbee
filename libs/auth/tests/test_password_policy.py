"""Tests of libs.auth.password_policy."""

import contextlib
import hashlib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.auth import password_policy
from libs.auth.errors import WeakPassword
from libs.auth.password_policy import MAX_LENGTH, PasswordPolicy, normalise

POLICY = PasswordPolicy.with_common_passwords(service_names=["Example Shop"])


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "aaaaaaaaaaaaaab",
        "               .?!",
        "Gr\u00fc\u00dfe aus K\u00f6ln am Rhein",
        "\u5bc6\u7801\u5bc6\u7801\u5bc6\u7801\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d",
        "\U0001f600 \U0001f680 \U0001f3b8 \U0001f355 \U0001f30d \U0001f41f \U0001f4a1 \U0001f3c1",
        "no capitals no digits no signs",
        "k7" * 3 + "x" * (MAX_LENGTH - 6),
        "NUL\x00 is a character too",
    ],
)
def test_any_long_text_may_be_chosen(password: str) -> None:
    """Spaces, all scripts and symbols are accepted, from 15 to 1000 characters, with no composition rules."""
    POLICY.check(password)


@pytest.mark.parametrize("length", [0, 1, 14])
def test_under_fifteen_characters_is_refused(length: int) -> None:
    """No choice of characters makes up for a short length."""
    with pytest.raises(WeakPassword, match="shorter than 15"):
        POLICY.check("x7\u00e9$Q-z9&kLmP2"[:length])


@pytest.mark.parametrize("password", ["\ufdfa", "\ufdfa" * 14, "e\u0301x" * 7])
def test_characters_count_as_chosen_and_as_hashed(password: str) -> None:
    """NFKC makes eighteen of U+FDFA, and one of a letter and its accent; the smaller number counts."""
    with pytest.raises(WeakPassword, match="shorter than 15"):
        POLICY.check(password)


def test_over_a_thousand_characters_is_refused_and_not_cut() -> None:
    """A thousand characters are accepted; one more is refused, not truncated."""
    POLICY.check("correct horse " * 71 + "staple")
    with pytest.raises(WeakPassword, match="longer than 1000"):
        POLICY.check("correct horse " * 71 + "staples")


@pytest.mark.parametrize(
    "password",
    [
        "1qaz2wsx3edc4rfv",
        "1QAZ2WSX3EDC4RFV",
        "\uff11qaz2wsx3edc4rfv",
        "passwordpassword",
        "PasswordPassword",
        "qwertyqwertyqwerty",
        "aaaaaaaaaaaaaaa",
        "               ",
        "abcabcabcabcabc",
        "123123123123123",
    ],
)
def test_common_passwords_and_their_repetitions_are_refused(password: str) -> None:
    """The list is folded by case and by Unicode's compatibility forms."""
    with pytest.raises(WeakPassword, match="common"):
        POLICY.check(password)


@pytest.mark.parametrize(
    "password",
    [
        "ada.lovelace@example.com",
        "ADALOVELACEexample",
        "lovelace-lovelace",
        "exampleshop1234".replace("1234", "example"),
        "ada lovelace ex",
    ],
)
def test_a_password_made_of_what_everybody_knows_is_refused(password: str) -> None:
    """The user's address and name and the service's own name are no secrets."""
    with pytest.raises(WeakPassword, match="made of your own"):
        POLICY.check(password, about=["ada.lovelace@example.com", "Ada Lovelace"])


def test_a_name_in_another_form_is_the_same_name() -> None:
    """Full-width letters of a name are its letters."""
    with pytest.raises(WeakPassword, match="made of your own"):
        POLICY.check("lovelacelovelace", about=["\uff2c\uff4f\uff56\uff45\uff4c\uff41\uff43\uff45"])


def test_a_listed_repetition_is_refused_for_itself() -> None:
    """It is refused even if the repeated part is not on the list."""
    with pytest.raises(WeakPassword, match="common"):
        PasswordPolicy(["abcdeabcdeabcde"]).check("ABCDEabcdeABCDE")


def test_a_password_that_holds_more_than_that_is_accepted() -> None:
    """A name within a passphrase is fine."""
    POLICY.check("lovelace wrote the first program", about=["ada.lovelace@example.com"])


@pytest.mark.parametrize("password", ["\ud800" * 20, "fifteen letters \udfff"])
def test_what_is_no_text_is_refused(password: str) -> None:
    """A lone surrogate has no bytes to hash."""
    with pytest.raises(WeakPassword, match="not text"):
        POLICY.check(password)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=50))
def test_both_spellings_of_a_text_are_one_password(text: str) -> None:
    """A keyboard that composes accents and one that does not reach the same account."""
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(text)
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_every_text_gets_an_answer(text: str, about: list[str]) -> None:
    """Accepted or refused by a sentence, and nothing else."""
    with contextlib.suppress(WeakPassword):
        POLICY.check(text, about=about)


def test_the_list_ships_with_its_licence() -> None:
    """Its README states the SHA-256 of the list, so an edit of either is noticed."""
    folder = Path(password_policy.__file__).with_name("common_passwords")
    assert "Permission is hereby granted" in (folder / "LICENSE.txt").read_text("utf-8")
    digest = hashlib.sha256((folder / "passwords.txt").read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text("utf-8")


def test_each_listed_password_is_rejected() -> None:
    """Long passwords are rejected themselves, short ones if they are repeated."""
    passwords = (
        Path(password_policy.__file__).with_name("common_passwords").joinpath("passwords.txt").read_text("ascii")
    )
    assert len(passwords.splitlines()) == 30_000
    for password in passwords.splitlines()[::300]:
        with pytest.raises(WeakPassword, match="common"):
            POLICY.check(password * (15 // len(password) + 1))
