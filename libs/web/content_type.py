"""The type of request bodies (RFC 9110, section 8.3)."""

from email.message import Message

from fastapi import HTTPException, Request

_MAX_LENGTH = 256
"""The parser of the standard library takes quadratic time."""


def require_json(request: Request) -> None:
    """Raise 415 unless the headers say that the body is JSON in UTF-8, not compressed."""
    require_content(request, "application/json")


def require_content(request: Request, media_type: str) -> None:
    """Raise 415 unless the headers say that the body is of this type, in UTF-8 and not compressed.

    The response states what is supported (RFC 9110, section 15.5.16).
    """
    if request.headers.getlist("content-encoding"):
        raise HTTPException(415, "The body must not be compressed.", {"Accept-Encoding": "identity"})
    types = request.headers.getlist("content-type")
    if len(types) != 1 or not _matches(types[0], media_type):
        raise HTTPException(415, f"The body must be {media_type} in UTF-8.", {"Accept": media_type})


def _matches(content_type: str, media_type: str) -> bool:
    if len(content_type) > _MAX_LENGTH:
        return False
    message = Message()
    message["Content-Type"] = content_type
    # A parameter in the form of RFC 2231 is a tuple, so it does not match.
    charsets = [str(value).lower() for name, value in message.get_params([]) if name == "charset"]
    return message.get_content_type() == media_type and set(charsets) <= {"utf-8"}
