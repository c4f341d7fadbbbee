"""Requests whose body has to be JSON (RFC 9110, section 8.3 and RFC 8259)."""

from email.message import Message

from fastapi import HTTPException, Request

_JSON = "application/json"
_UTF_8 = ("utf-8", "utf8")


def require_json(request: Request) -> None:
    """Raise 415 unless the headers say that the body is JSON in UTF-8, not compressed (RFC 9110, section 15.5.16)."""
    if request.headers.getlist("content-encoding"):
        raise HTTPException(415, "The body must not be compressed.", {"Accept-Encoding": "identity"})
    types = request.headers.getlist("content-type")
    if len(types) != 1 or not _is_json(types[0]):
        raise HTTPException(415, f"The body must be {_JSON} in UTF-8.", {"Accept": _JSON})


def _is_json(content_type: str) -> bool:
    message = Message()
    message["Content-Type"] = content_type
    # A parameter in the form of RFC 2231 is a tuple, which is none of the accepted values.
    charsets = [str(value).lower() for name, value in message.get_params([]) if name == "charset"]
    return message.get_content_type() == _JSON and all(charset in _UTF_8 for charset in charsets)
