"""The id of the request in progress, for logs, error documents and calls to other services."""

import re
import secrets
from contextvars import ContextVar

_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id() -> str | None:
    """Return the id of the request in progress; None outside of one."""
    return _request_id.get()


def enter(received_id: bytes | None) -> str:
    """Begin a request and return its id: the caller's where it is well-formed, else a new one."""
    accepted = received_id is not None and _ACCEPTED_ID.fullmatch(received_id)
    identifier = received_id.decode("ascii") if received_id and accepted else secrets.token_hex(16)
    _request_id.set(identifier)
    return identifier
