"""Parse JSON and base64url strictly: input that parsers could read differently is refused.

`json.loads` accepts duplicate members, for example, so two parsers in a chain can see different
tokens (RFC 8725 section 2.6, RFC 7515 section 10.12). These functions refuse what RFC 8259 leaves open.
"""

import base64
import json
import math
from typing import Any

# The digits of 64-bit integers; `int` would accept thousands.
_MAX_INTEGER_DIGITS = 19


def decode_base64url(text: str) -> bytes:
    """Decode unpadded base64url (RFC 7515 section 2).

    `ValueError` for any spelling but the canonical one.
    """
    data = text.encode("ascii")
    decoded = base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4))
    if encode_base64url(decoded) != text:
        raise ValueError("not canonical base64url")
    return decoded


def encode_base64url(data: bytes) -> str:
    """Encode as unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_object(data: bytes, *, max_containers: int) -> dict[str, Any]:
    """Return the JSON object in `data`, or raise `ValueError`.

    Refused: anything but UTF-8, a byte order mark, duplicate members, NaN and infinities in every
    spelling, integers of 20 digits and more, lone surrogates, anything but an object, more than
    `max_containers` objects and arrays together.
    """
    text = data.decode("utf-8")
    # Count brackets before parsing: their number limits the depth, and the parser is recursive.
    if text.count("[") + text.count("{") > max_containers:
        raise ValueError("too many objects and arrays")
    value = json.loads(
        text,
        object_pairs_hook=_unique,
        parse_constant=_constant,
        parse_float=_float,
        parse_int=_integer,
    )
    if type(value) is not dict:
        raise ValueError("not a JSON object")
    if "\\u" in text:
        # In UTF-8 only an escape can produce a lone surrogate; encoding the value finds it at any depth.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    members: dict[str, Any] = value
    return members


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("number out of range")
    return value


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _MAX_INTEGER_DIGITS:
        raise ValueError("integer out of range")
    return int(text)
