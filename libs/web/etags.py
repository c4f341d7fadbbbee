"""Entity tags made of version numbers, and the precondition that names one (RFC 9110, 13.1.1)."""

import re
from typing import Annotated

from fastapi import Header
from pydantic import AfterValidator

_ETAG = re.compile(r'"(\d{1,18})"')


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


def _well_formed(value: str | None) -> str | None:
    # An empty header is refused, not treated as absent: its sender requires a check for changes.
    if value is not None and value != "*" and not _ETAG.fullmatch(value):
        raise ValueError('is "*" or one entity tag as it was sent, such as "3"')
    return value


IfMatch = Annotated[str | None, Header(alias="If-Match"), AfterValidator(_well_formed)]
"""The version a client has seen; a change of any other is refused."""


def seen_version(if_match: str | None) -> int | None:
    """The version that the header names; None when it names none or any."""
    found = _ETAG.fullmatch(if_match or "")
    return int(found[1]) if found else None
