"""Strict JSON and entity tags: valid input is parsed, all other input is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from libs.web.etags import etag, seen_version
from libs.web.strict import SingleLineStr, parse

_LINE: TypeAdapter[str] = TypeAdapter(SingleLineStr)
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda children: st.lists(children) | st.dictionaries(_TEXT, children),
    max_leaves=20,
)


@given(_JSON)
def test_every_document_that_is_sound_is_understood(value: object) -> None:
    """A valid document, escaped or not, has the value that `json.loads` gives it."""
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b'{"a": 1, "a": 1}', "twice"),
        (b'[{"b": {"a": 1, "a": 2}}]', "twice"),
        (b"NaN", "NaN"),
        (b"[-Infinity]", "-Infinity"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'["\\u0000"]', "NUL"),
        (b'"\x00"', "control"),
        (b"\xef\xbb\xbf1", "BOM"),
        ("1".encode("utf-16"), "UTF-8"),
        (b'"\xc0\x80"', "UTF-8"),
        (b"[" * 100_000, "deep"),
        (b"1" * 5000, "4300 digits"),
        (b"", "Expecting value"),
        (b"1 2", "Extra data"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_every_other_document_is_refused(document: bytes, reason: str) -> None:
    """Every other document is refused, with the reason in the message."""
    with pytest.raises(json.JSONDecodeError, match=reason):
        parse(document)


_CONTROLS = [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029"]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40))
def test_a_line_is_kept_as_it_is(text: str) -> None:
    """Text in every language is kept, with the joiners and direction marks that some need."""
    assert _LINE.validate_python(f"x{text}x") == f"x{text}x"


@pytest.mark.parametrize("control", _CONTROLS, ids=ascii)
def test_no_line_holds_a_control_character(control: str) -> None:
    """Line breaks and terminal control characters are rejected."""
    with pytest.raises(ValidationError):
        _LINE.validate_python(f"x{control}x")


def test_an_escape_that_is_only_text_is_text() -> None:
    """A backslash before u0000 that is itself escaped makes no NUL."""
    assert parse(b'"\\\\u0000"') == "\\u0000"
    assert parse(b'"\\ud83c\\udf75"') == "\U0001f375"


@given(st.integers(0, 10**18 - 1))
def test_a_tag_names_its_version(version: int) -> None:
    """A version survives the round trip through ETag and If-Match."""
    assert seen_version(etag(version)) == version


def test_no_version_and_any_version_name_none() -> None:
    """Without the header, or with `*`, no version is compared."""
    assert seen_version(None) is None
    assert seen_version("*") is None
