"""Pages of a list by cursor (keyset pagination).

A cursor names the last item of a page by what the list is sorted by and by its key, not by a number of rows. So it
stays right while rows come and go, and the database finds it through an index however far it is. Clients treat it
as opaque.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from libs.web.strict import MAX_INT64, DecimalInt

T = TypeVar("T")
V = TypeVar("V")

MAX_LIMIT = 100
_MAX_CURSOR = 2000
_FOREIGN = "not a cursor of this list"


class ForeignCursor(Exception):
    """A cursor came with another sort or other filters than those of its list."""

    def __init__(self) -> None:
        super().__init__("this cursor is of a list with another sort or other filters: keep both from page to page")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a list: after the item with this sort value and this key.

    Attributes:
        query: the fingerprint of the list's sort and filters, see `query_fingerprint`.
        value: what the item is sorted by.
        key: what decides between items with equal values.
    """

    query: str
    value: int | str
    key: str

    def encode(self) -> str:
        """Return the text that a client gets."""
        return _encode([self.query, self.value, self.key])

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Return the cursor that `encode` made this text of; ValueError for any other text."""
        match _decode(text):
            case [str(query), int(value), str(key)] if type(value) is int and abs(value) <= MAX_INT64 and _is_key(key):
                return cls(query, value, key)
            case [str(query), str(value), str(key)] if "\0" not in value and _is_key(key):
                return cls(query, value, key)
        raise ValueError(_FOREIGN)


def query_fingerprint(*choices: object) -> str:
    """Return a short digest of a sort and of filters. It detects mistakes of clients, not forgery."""
    return hashlib.sha256(repr(choices).encode("utf-8")).hexdigest()[:12]


def _checked(text: str) -> str:
    Cursor.decode(text)
    return text


class PageQuery(BaseModel):
    """Query parameters of every list. An unknown parameter is rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: DecimalInt = Field(default=20, ge=1, le=MAX_LIMIT, description="Maximum number of items of the page.")
    cursor: Annotated[str, AfterValidator(_checked)] | None = Field(
        default=None, description="`next` of the previous page; sort and filters must be the same as for that page."
    )

    def position(self, fingerprint: str, kind: type[int] | type[str] = int) -> Cursor | None:
        """Return the cursor, checked against the fingerprint of this list; None for the first page.

        Raises:
            ForeignCursor: it is of another list, or its value is not of the type `kind` that the list is sorted by.
        """
        if self.cursor is None:
            return None
        cursor = Cursor.decode(self.cursor)
        if cursor.query != fingerprint or type(cursor.value) is not kind:
            raise ForeignCursor
        return cursor


class Page(BaseModel, Generic[T]):
    """One page of a list, and the cursor of the next. A subclass has its name: `ProductPage(Page[ProductView])`."""

    items: list[T]
    next: str | None = Field(description="The `cursor` of the next page; null on the last page.")

    @classmethod
    def of(cls, found: Sequence[V], *, limit: int, cursor: Callable[[V], Cursor]) -> Self:
        """Return the page of `found`, which has up to `limit` + 1 items; the last only shows that a next page exists.

        Args:
            found: the items, from the beginning of the page, as `T` is validated from.
            limit: most items of the page.
            cursor: the position of an item.
        """
        shown = found[:limit]
        following = cursor(shown[-1]).encode() if len(found) > limit else None
        return cls.model_validate({"items": shown, "next": following})


def _encode(value: list[int | str]) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")


def _decode(cursor: str) -> object:
    """Return the list that `_encode` was given; ValueError for any text that it would not have written."""
    if len(cursor) > _MAX_CURSOR or not cursor.isascii():
        raise ValueError(_FOREIGN)
    try:
        value = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if isinstance(value, list) and _encode(value) == cursor:
            return value
    except (ValueError, RecursionError) as error:
        raise ValueError(_FOREIGN) from error
    raise ValueError(_FOREIGN)


def _is_key(key: str) -> bool:
    return key.isascii() and (key.isprintable() or not key)
