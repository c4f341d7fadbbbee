"""Encode request bodies and decode response bodies by their media type."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import TypeAdapter

FORM = "application/x-www-form-urlencoded"


class Content:
    """A body: its media type and the Python type that it is read as or written from.

    JSON and forms have a type that pydantic validates, `text/*` is `str` in UTF-8, and everything else is `bytes`.
    """

    def __init__(self, media_type: str, type_: object) -> None:
        self.media_type = media_type
        # mypy has no type for "a type or a union of types".
        self._type: Any = type_

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self._type)

    def encode(self, value: object) -> bytes:
        """Return the bytes of a body. Fields that were not set are left out."""
        if is_json(self.media_type):
            return self._adapter.dump_json(value, by_alias=True, exclude_unset=True)
        if self.media_type == FORM:
            fields = self._adapter.dump_python(value, mode="json", by_alias=True, exclude_unset=True)
            return urlencode([pair for name, each in fields.items() for pair in text_pairs(name, each)]).encode()
        return value.encode() if isinstance(value, str) else self._binary(value)

    def decode(self, content: bytes) -> object:
        """Return what a body holds.

        Raises:
            ValueError: the content is no JSON, no UTF-8, or does not match the type; pydantic's error is one.
        """
        if is_json(self.media_type):
            return self._adapter.validate_json(content, strict=True)
        return content.decode() if self.media_type.startswith("text/") else content

    def _binary(self, value: object) -> bytes:
        if not isinstance(value, bytes):
            raise TypeError(f"a body of {self.media_type} is bytes, not {type(value).__name__}")
        return value


def media_type_of(content_type: str) -> str:
    """Return the media type of a `Content-Type`, without parameters such as the charset."""
    return content_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Return whether documents of this media type are JSON."""
    return media_type == "application/json" or media_type.endswith("+json")


def text(value: object) -> str:
    """Return a parameter's value as text: `true` and `false`, ISO 8601 for times, the value of an enum's member."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return text(value.value)
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def text_pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield a query parameter in the form in which it is sent: not at all for None, once for each item of a list."""
    if value is not None:
        yield from ((name, text(each)) for each in (value if isinstance(value, list | tuple) else (value,)))


def fill_path(template: str, values: Mapping[str, object]) -> str:
    """Return the path with the values of its parameters, percent-encoded.

    Raises:
        ValueError: a value would change which resource the path names: it is empty, `.` or `..`.
    """
    for name, value in values.items():
        filled = text(value)
        if filled in {"", ".", ".."}:
            raise ValueError(f"the path parameter {name} is {filled!r}, which no path segment can hold")
        template = template.replace(f"{{{name}}}", quote(filled, safe=""))
    return template
