"""The identity of the request that is being served: its id and its W3C trace context."""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass

_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# https://www.w3.org/TR/trace-context/#traceparent-header, version 00
_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_ZERO_TRACE = b"0" * 32
_ZERO_SPAN = b"0" * 16


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Who this request is, for logs, answers and calls to other services."""

    request_id: str
    trace_id: str
    span_id: str
    flags: str

    @property
    def traceparent(self) -> str:
        """The header that a call made on behalf of this request carries."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current() -> RequestContext | None:
    """The context of the request in progress; None outside of one."""
    return _current.get()


def request_id() -> str | None:
    """The id of the request in progress; None outside of one."""
    context = _current.get()
    return context.request_id if context else None


def enter(received_id: bytes | None, traceparent: bytes | None) -> RequestContext:
    """Begin a request: keep the caller's id and trace where they are well formed."""
    # All the randomness that a request can need, asked of the system at once.
    random = secrets.token_hex(40)
    trace_id, flags = _trace_of(traceparent) or (random[48:], "00")
    context = RequestContext(_id_of(received_id) or random[:32], trace_id, random[32:48], flags)
    _current.set(context)
    return context


def _id_of(received: bytes | None) -> str | None:
    if received and _ACCEPTED_ID.fullmatch(received):
        return received.decode("ascii")
    return None


def _trace_of(traceparent: bytes | None) -> tuple[str, str] | None:
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None or found[1] == _ZERO_TRACE or found[2] == _ZERO_SPAN:
        return None
    return found[1].decode("ascii"), found[3].decode("ascii")
