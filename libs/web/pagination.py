"""Pages of a list by cursor: the place after which the next page begins, not a number of rows.

A cursor stays right while rows come and go, and the database finds it through an index however far
it is. To a client it is opaque.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from libs.web.strict import MAX_INT64, Digits

T = TypeVar("T")

MAX_LIMIT = 100
_MAX_CURSOR = 200
_MAX_PLACE = 2000
_FOREIGN = "not a cursor of this list"


class Page(BaseModel, Generic[T]):
    """Some items of a list, and where it goes on."""

    items: list[T]
    next: str | None = Field(description="The `cursor` of the next page; null at the end.")


def encode_cursor(moment: int, key: str) -> str:
    """The cursor after the item with this moment and this key."""
    return _encode([moment, key])


def decode_cursor(cursor: str) -> tuple[int, str]:
    """The moment and the key that `encode_cursor` was given; ValueError for anything else."""
    match _decode(cursor, _MAX_CURSOR):
        case [int(moment), str(key)] if _is_integer(moment) and _is_key(key):
            return moment, key
    raise ValueError(_FOREIGN)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list that can be sorted and filtered: after the item with this value and this key.

    `value` is what the list is sorted by. `choices` names the sort and the filters, see `name_choices`; with others
    the place means nothing.
    """

    choices: str
    value: int | str
    key: str

    def cursor(self) -> str:
        """The cursor that stands for it."""
        return _encode([self.choices, self.value, self.key])

    @classmethod
    def parse(cls, cursor: str) -> "Place":
        """The place that a cursor stands for; ValueError for what is no cursor."""
        match _decode(cursor, _MAX_PLACE):
            case [str(choices), int(value), str(key)] if _is_integer(value) and _is_key(key):
                return cls(choices, value, key)
            case [str(choices), str(value), str(key)] if "\0" not in value and _is_key(key):
                return cls(choices, value, key)
        raise ValueError(_FOREIGN)


def name_choices(*choices: object) -> str:
    """A short name of a sort and of filters. It keeps clients from mistakes, and nobody from forging."""
    return hashlib.sha256(repr(choices).encode("utf-8")).hexdigest()[:12]


def _encode(value: list[int | str]) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")


def _decode(cursor: str, limit: int) -> object:
    """The list that `_encode` was given; ValueError for whatever it would have written otherwise."""
    if len(cursor) > limit or not cursor.isascii():
        raise ValueError(_FOREIGN)
    try:
        value = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if isinstance(value, list) and _encode(value) == cursor:
            return value
    except (ValueError, RecursionError) as error:
        raise ValueError(_FOREIGN) from error
    raise ValueError(_FOREIGN)


def _is_integer(value: int) -> bool:
    return type(value) is int and abs(value) <= MAX_INT64


def _is_key(key: str) -> bool:
    return key.isascii() and (key.isprintable() or not key)


def _checked(cursor: str) -> str:
    decode_cursor(cursor)
    return cursor


def _checked_place(cursor: str) -> str:
    Place.parse(cursor)
    return cursor


Cursor = Annotated[str, AfterValidator(_checked)]
PlaceCursor = Annotated[str, AfterValidator(_checked_place)]


class PageQuery(BaseModel):
    """Query parameters of every list. A parameter that is not named here is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Digits = Field(default=20, ge=1, le=MAX_LIMIT, description="Most items of the page.")
    cursor: Cursor | None = Field(default=None, description="`next` of the page before.")
