"""The search terms of a text.

SQLite's tokenizers and PostgreSQL's parser split text differently at hyphens, addresses, accents and letters outside
ASCII, and PostgreSQL's depends on the locale. So both get words that are split and normalised here.

A word is a run of letters, digits and their combining marks. Case, accents and compatibility forms make no difference
(Unicode NFKD, full case folding, combining marks left out): `Crème` and `CREME` are one word, so are `Straße` and
`STRASSE`. In scripts without spaces between words, a whole run is one word.
"""

import unicodedata

_LONGEST = 64
"""Characters of a word that are compared; longer words are cut off, as a database's index has a limit too."""


class _Kept(dict[int, int | None]):
    """Maps a folded character to itself if it belongs to a word, to nothing if it is an accent, else to a space."""

    def __missing__(self, point: int) -> int | None:
        character = chr(point)
        kept = None if unicodedata.combining(character) else point
        if unicodedata.category(character)[0] not in "LNM":
            kept = ord(" ")
        self[point] = kept
        return kept


_kept = _Kept()


def search_terms(text: str) -> str:
    """Return the folded words of `text`, each once, separated by one space."""
    folded = text.lower() if text.isascii() else _fold(text)
    # Not `split()`: it would split at characters that a database treats as letters.
    return " ".join(dict.fromkeys(word[:_LONGEST] for word in folded.translate(_kept).split(" ") if word))


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
