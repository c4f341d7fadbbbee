"""Cursors: what was made is read back, and nothing else is."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as some

from libs.web.pagination import Place, decode_cursor, encode_cursor
from libs.web.strict import MAX_INT64

moments = some.integers(min_value=-MAX_INT64, max_value=MAX_INT64)
keys = some.text(string.ascii_letters + string.digits + "-_", max_size=36)


@given(moments, keys)
def test_what_was_made_is_read_back(moment: int, key: str) -> None:
    """For every moment of a column and every key of a table."""
    assert decode_cursor(encode_cursor(moment, key)) == (moment, key)


@given(some.one_of(some.text(), some.binary().map(lambda data: data.decode("latin-1"))))
def test_other_text_is_refused_or_is_a_cursor(text: str) -> None:
    """Whatever comes in is a ValueError, or exactly what would have been made of its content."""
    try:
        moment, key = decode_cursor(text)
    except ValueError:
        return
    assert encode_cursor(moment, key) == text


@given(moments, some.uuids(), some.data())
def test_no_changed_cursor_means_the_same(moment: int, key: object, data: some.DataObject) -> None:
    """A cursor has one spelling, so that it can be compared and cached."""
    cursor = encode_cursor(moment, str(key))
    place = data.draw(some.integers(0, len(cursor) - 1))
    other = data.draw(some.characters(codec="ascii").filter(lambda character: character != cursor[place]))
    try:
        assert decode_cursor(cursor[:place] + other + cursor[place + 1 :]) != (moment, str(key))
    except ValueError:
        return


texts = some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=200)


@given(keys, some.one_of(moments, texts), keys)
def test_a_place_is_read_back(choices: str, value: int | str, key: str) -> None:
    """In a list sorted by text, too, whatever the text."""
    place = Place(choices, value, key)
    assert Place.parse(place.cursor()) == place


@given(some.one_of(some.text(), some.binary().map(lambda data: data.decode("latin-1"))))
def test_other_text_is_no_place(text: str) -> None:
    """Whatever comes in is a ValueError, or exactly what would have been made of its content."""
    try:
        place = Place.parse(text)
    except ValueError:
        return
    assert place.cursor() == text


@pytest.mark.parametrize(
    "document",
    [
        b'["x",true,"k"]',
        b'["x",1.0,"k"]',
        b'["x",9223372036854775808,"k"]',
        b'["x","\\u0000","k"]',
        b'["x","\\ud800","k"]',
        b'["x",1,"\\u0000"]',
        b'["x", 1,"k"]',
        b'[1,"\\u0000"]',
        b"[" * 1000,
    ],
)
def test_what_no_database_takes_is_no_cursor(document: bytes) -> None:
    """A forged cursor reaches no statement unless it holds what a column can hold."""
    cursor = base64.urlsafe_b64encode(document).decode().rstrip("=")
    for parse in (Place.parse, decode_cursor):
        with pytest.raises(ValueError, match="not a cursor"):
            parse(cursor)
