"""Pages of a list by cursor: the place after which the next page begins, not a number of rows.

A cursor stays right while rows come and go, and the database finds it through an index however far
it is. To a client it is opaque.
"""

import base64
import json
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from libs.web.strict import MAX_INT64

T = TypeVar("T")

MAX_LIMIT = 100
_MAX_CURSOR = 200


class Page(BaseModel, Generic[T]):
    """Some items of a list, and where it goes on."""

    items: list[T]
    next: str | None = Field(description="The `cursor` of the next page; null at the end.")


def encode_cursor(moment: int, key: str) -> str:
    """The cursor after the item with this moment and this key."""
    text = json.dumps([moment, key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")


def decode_cursor(cursor: str) -> tuple[int, str]:
    """The moment and the key that `encode_cursor` was given; ValueError for anything else."""
    if len(cursor) > _MAX_CURSOR or not cursor.isascii():
        raise ValueError("not a cursor of this list")
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError as error:
        raise ValueError("not a cursor of this list") from error
    match value:
        case [int(moment), str(key)] if type(moment) is int and abs(moment) <= MAX_INT64 and key.isascii():
            if encode_cursor(moment, key) == cursor:
                return moment, key
    raise ValueError("not a cursor of this list")


def _checked(cursor: str) -> str:
    decode_cursor(cursor)
    return cursor


Cursor = Annotated[str, AfterValidator(_checked)]


class PageQuery(BaseModel):
    """Query parameters of every list. A parameter that is not named here is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=20, ge=1, le=MAX_LIMIT, description="Most items of the page.")
    cursor: Cursor | None = Field(default=None, description="`next` of the page before.")
