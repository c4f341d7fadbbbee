"""Decide which passwords users may choose, by length and by a list of common ones (NIST SP 800-63B-4, section 3.1.1.2).

The list, its source and its licence are in `common_passwords/`.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from libs.auth.errors import WeakPassword

MIN_LENGTH = 15
"""In characters: the minimum of NIST SP 800-63B-4 for a password that is the only factor."""
MAX_LENGTH = 1000
"""In characters: longer than passphrases are, and a limit on the hashing that one request causes."""

_SHORT_CONTEXT = 4
_COMMON_PASSWORDS = Path(__file__).parent / "common_passwords" / "passwords.txt"


class PasswordPolicy:
    """Accepts or rejects passwords that users choose."""

    def __init__(self, common: Iterable[str], *, service_names: Iterable[str] = ()) -> None:
        """Reject each of `common`, and passwords that consist of `service_names`."""
        # One text instead of a set, which would take 6 MB; a search takes less than a thousandth of a hash.
        self._common = _lines(map(_folded, common))
        self._service_names = tuple(map(_folded, service_names))

    @classmethod
    def with_common_passwords(cls, *, service_names: Iterable[str] = ()) -> "PasswordPolicy":
        """Return the policy with the list of this library; reads its file, about 10 ms."""
        return cls(_COMMON_PASSWORDS.read_text("ascii").splitlines(), service_names=service_names)

    def check(self, password: str, *, about: Iterable[str] = ()) -> None:
        """Check a new password.

        Args:
            password: the password as the user entered it.
            about: facts about the user that others may know, such as the email address and the name.

        Raises:
            WeakPassword: the password is too short, too long, common, or consists of `about` and the service's names.
        """
        if len(password) > MAX_LENGTH:
            raise WeakPassword(f"longer than {MAX_LENGTH} characters")
        try:
            normal = normalise(password)
        except ValueError as error:
            raise WeakPassword("holds characters that are not text") from error
        # NFKC makes eighteen characters of U+FDFA, and one of several combining ones: the smaller length counts.
        if min(len(password), len(normal)) < MIN_LENGTH:
            raise WeakPassword(f"shorter than {MIN_LENGTH} characters")
        folded = _folded(normal)
        unit = _unit(folded)
        if _lines([folded]) in self._common or _lines([unit]) in self._common or len(unit) < _SHORT_CONTEXT:
            raise WeakPassword("one of the most common passwords, or a repetition of one")
        if _is_made_of(folded, [*self._service_names, *map(_folded, about)]):
            raise WeakPassword("made of your own name, address or the name of this service")


def _lines(words: Iterable[str]) -> str:
    """Return the words, each between two line breaks."""
    return "\n" + "\n".join(words) + "\n"


def normalise(password: str) -> str:
    """Return the NFKC form, as NIST SP 800-63B recommends: keyboards encode the same character differently.

    Raises:
        ValueError: the password has a lone surrogate, which UTF-8 cannot encode.
    """
    password.encode("utf-8")
    return unicodedata.normalize("NFKC", password)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _unit(text: str) -> str:
    """Return the shortest text of which `text` is a repetition."""
    return text[: (text + text).find(text, 1)]


def _is_made_of(folded: str, words: Iterable[str]) -> bool:
    """Tell whether fewer than four characters remain without `words` and their parts."""
    parts = {part for word in words for part in (word, *word.replace("@", " ").replace(".", " ").split())}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORT_CONTEXT:
            folded = folded.replace(part, "")
    return len(folded) < _SHORT_CONTEXT
