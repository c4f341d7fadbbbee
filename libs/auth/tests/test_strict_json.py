"""Tests of libs.auth.strict_json."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.auth.strict_json import decode_base64url, decode_object, encode_base64url

NUMBERS = st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5), st.booleans())
def test_plain_json_reads_as_it_was_written(value: dict[str, object], ascii_only: bool) -> None:  # noqa: FBT001
    """Every well-formed value is accepted, escaped or not."""
    written = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert decode_object(written, max_containers=1000) == value


@given(st.binary(max_size=200))
def test_anything_else_is_a_value_error(data: bytes) -> None:
    """No input gets another exception out of the parser."""
    try:
        value = decode_object(data, max_containers=50)
    except ValueError:
        return
    assert isinstance(value, dict)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"a"',
        "{} {}",
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e400}',
        '{"a": 01}',
        '{"a": ' + "9" * 20 + "}",
        '{"a": -' + "9" * 5000 + "}",
        '{"a": 1, "a": 1}',
        '{"b": {"a": 1, "\\u0061": 2}}',
        '{"a": "\\ud800"}',
        '{"a": "\\udc00\\ud800"}',
        '{"a": [{"b": "\\ud83d"}]}',
        '{"\\udfff": 1}',
        '{"a": "\n"}',
        "\ufeff{}",
        '{"a": ' + "[" * 100 + "]" * 100 + "}",
        '{"a": ' * 100_000,
    ],
)
def test_what_has_two_readings_is_refused(text: str) -> None:
    """JSON that parsers read differently is refused."""
    with pytest.raises(ValueError):  # noqa: PT011
        decode_object(text.encode(), max_containers=50)


def test_a_surrogate_pair_is_one_character() -> None:
    """Only lone halves are refused."""
    assert decode_object(b'{"a": "\\ud83d\\ude00"}', max_containers=5) == {"a": "\U0001f600"}


@given(st.binary(max_size=100))
def test_base64url_goes_there_and_back(data: bytes) -> None:
    """Encoding is RFC 7515's: URL alphabet, no padding."""
    assert decode_base64url(encode_base64url(data)) == data
    assert encode_base64url(data) == base64.urlsafe_b64encode(data).decode().rstrip("=")


@given(st.text(alphabet="AQZaz09-_+/= \n\u00e9", max_size=12))
def test_each_value_has_one_spelling(text: str) -> None:
    """Text decodes only if encoding the result gives the same text: no padding, no spaces, no unused bits set."""
    try:
        data = decode_base64url(text)
    except ValueError:
        return
    assert encode_base64url(data) == text
