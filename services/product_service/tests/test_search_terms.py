"""Splitting text into words, the same for every database; test_search tests what they find."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.product_service.service.search_terms import search_terms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("Tea, tea; TEA!", "tea"),
        ("4 x 100 g", "4 x 100 g"),
        ("tea-pot_lid", "tea pot lid"),
        ("Crème Brûlée", "creme brulee"),
        ("Straße", "strasse"),
        ("x" * 5000, "x" * 64),
        ("a\u2028b\x1cc\u3000d", "a b c d"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_words_are_folded_and_told_apart(text: str, words: str) -> None:
    """Each word occurs once, in the order of first occurrence, shortened to the maximum of the index."""
    assert search_terms(text) == words


@given(some.text())
def test_nothing_else_is_in_words(text: str) -> None:
    """Words have only letters, digits and their marks, with single spaces between them: no query operators."""
    words = search_terms(text).split(" ") if search_terms(text) else []
    assert all(words)
    assert {unicodedata.category(character)[0] for word in words for character in word} <= set("LNM")
    assert len(words) == len(set(words))
