"""Cursors and pages: a cursor that was made is read back, and no other text is one."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as some

from libs.web.pagination import Cursor, ForeignCursor, Page, PageQuery, query_fingerprint
from libs.web.strict import MAX_INT64

numbers = some.integers(min_value=-MAX_INT64, max_value=MAX_INT64)
keys = some.text(string.ascii_letters + string.digits + "-_", max_size=36)
texts = some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
cursors = some.builds(Cursor, keys, some.one_of(numbers, texts), keys)


@given(cursors)
def test_a_cursor_is_read_back(cursor: Cursor) -> None:
    """A cursor with any number or text as value, and any key, is decoded to the same cursor."""
    assert Cursor.decode(cursor.encode()) == cursor


@given(some.one_of(some.text(), some.binary().map(lambda data: data.decode("latin-1"))))
def test_other_text_is_rejected_or_is_a_cursor(text: str) -> None:
    """Decoding any text is a ValueError, unless encoding the result gives the same text."""
    try:
        cursor = Cursor.decode(text)
    except ValueError:
        return
    assert cursor.encode() == text


@given(cursors, some.data())
def test_no_changed_cursor_means_the_same(cursor: Cursor, data: some.DataObject) -> None:
    """A cursor has one encoding, so that it can be compared and cached."""
    text = cursor.encode()
    index = data.draw(some.integers(0, len(text) - 1))
    other = data.draw(some.characters(codec="ascii").filter(lambda character: character != text[index]))
    try:
        assert Cursor.decode(text[:index] + other + text[index + 1 :]) != cursor
    except ValueError:
        return


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
    """A forged cursor with a value that no column can hold is rejected before a query."""
    with pytest.raises(ValueError, match="not a cursor"):
        Cursor.decode(base64.urlsafe_b64encode(document).decode().rstrip("="))


def test_a_cursor_is_for_its_own_list() -> None:
    """A cursor with other filters, or a value of another type than the sort column, is rejected."""
    query = PageQuery(cursor=Cursor(query_fingerprint("mine"), 1, "k").encode())
    position = query.position(query_fingerprint("mine"))
    assert position is not None
    assert (position.value, position.key) == (1, "k")
    with pytest.raises(ForeignCursor):
        query.position(query_fingerprint("other"))
    with pytest.raises(ForeignCursor):
        query.position(query_fingerprint("mine"), str)
    assert PageQuery().position(query_fingerprint("mine")) is None


@pytest.mark.parametrize(("found", "more"), [(0, False), (2, False), (3, True)])
def test_a_page_ends_before_the_item_too_many(found: int, more: bool) -> None:  # noqa: FBT001
    """A page has the cursor of its last item; the last page has none."""
    page = Page[int].of(list(range(found)), limit=2, cursor=lambda item: Cursor("q", item, "k"))
    assert page.items == list(range(min(found, 2)))
    assert page.next == (Cursor("q", 1, "k").encode() if more else None)
