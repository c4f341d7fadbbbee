"""Order of Debian version strings (Debian Policy 5.6.12)."""

import re
from itertools import zip_longest


def sort_key(version: str) -> tuple[int, list[tuple[list[int], int]], list[tuple[list[int], int]]]:
    """Return a key that orders `[epoch:]upstream[-revision]` as dpkg does."""
    epoch, colon, rest = version.partition(":")
    upstream, dash, revision = (rest if colon else version).rpartition("-")
    if not dash:
        upstream, revision = revision, ""
    return int(epoch) if colon else 0, _part_key(upstream), _part_key(revision)


def newest(versions: list[str]) -> str:
    """Return the greatest of some versions."""
    return max(versions, key=sort_key)


def _part_key(part: str) -> list[tuple[list[int], int]]:
    """Split into pairs of non-digits and digits; a tilde sorts before the end, letters before the rest."""
    words = re.findall(r"\D+", " " + part if part[:1].isdigit() else part)
    digits = re.findall(r"\d+", part)
    return [
        (_word_key(word.strip(" ")), int(number or 0)) for word, number in zip_longest(words, digits, fillvalue="")
    ] + [([0], 0)]


def _word_key(word: str) -> list[int]:
    return [-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256 for c in word] + [0]
