"""The identity of the request that is being served: its id and its W3C trace context."""

import random
import re
from contextvars import ContextVar
from dataclasses import dataclass

_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# https://www.w3.org/TR/trace-context/#traceparent-header; a version above 00 may add fields, `ff` is none.
_TRACEPARENT = re.compile(rb"(?:00|(?!ff)[0-9a-f]{2}(?=.{53}(?:-|$)))-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(.*)")
_ZERO_TRACE = b"0" * 32
_ZERO_SPAN = b"0" * 16
_SAMPLED = 1
_TRACESTATE_BYTES = 512
# Ids have to differ, not to be secret: a call of the system for each would cost more than all the rest here.
_ids = random.Random()  # noqa: S311


@dataclass(slots=True)
class RequestContext:
    """Who this request is, for logs, answers and calls to other services.

    Attributes:
        parent_id: the caller's span; None for a caller who sent no trace.
        sampled: whether the spans of this trace are kept.
        tracestate: what other tracing systems want handed on, as it came.
    """

    request_id: str
    trace_id: str
    span_id: str
    parent_id: str | None
    sampled: bool
    tracestate: str

    @property
    def traceparent(self) -> str:
        """Trace, span and flags as the header has them."""
        return traceparent(self.trace_id, self.span_id, sampled=self.sampled)


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current() -> RequestContext | None:
    """The context of the request in progress; None outside of one."""
    return _current.get()


def request_id() -> str | None:
    """The id of the request in progress; None outside of one."""
    context = _current.get()
    return context.request_id if context else None


def traceparent(trace_id: str, span_id: str, *, sampled: bool) -> str:
    """The header that names a span as the parent of what its receiver does."""
    return f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}"


def enter(
    received_id: bytes | None, traceparent: bytes | None, *, tracestate: bytes = b"", share: float = 0.0
) -> RequestContext:
    """Begin a request: keep the caller's id and trace where they are well formed.

    `share` of the traces that begin here are sampled; of others the caller has decided.
    """
    # All the digits that a request can need, drawn at once. Where nobody sent an id it is that of the trace.
    digits = f"{_ids.getrandbits(192):048x}"
    request_id = received_id.decode("ascii") if received_id and _ACCEPTED_ID.fullmatch(received_id) else digits[:32]
    found = _parse(traceparent) if traceparent else None
    if found is None:
        trace_id = digits[:32]
        context = RequestContext(request_id, trace_id, digits[32:], None, is_in(trace_id, share), "")
    else:
        trace_id, parent_id, sampled = found
        state = tracestate.decode("latin-1") if len(tracestate) <= _TRACESTATE_BYTES else ""
        context = RequestContext(request_id, trace_id, digits[32:], parent_id, sampled, state)
    _current.set(context)
    return context


def is_in(trace_id: str, share: float) -> bool:
    """Whether a new trace is among the `share` that is sampled: by its last 56 bits, which are random (Level 2)."""
    return share > 0.0 and int(trace_id[18:], 16) < share * 2**56


def _parse(header: bytes) -> tuple[str, str, bool] | None:
    found = _TRACEPARENT.fullmatch(header)
    if found is None or found[1] == _ZERO_TRACE or found[2] == _ZERO_SPAN or (found[4] and header.startswith(b"00")):
        return None
    return found[1].decode("ascii"), found[2].decode("ascii"), bool(int(found[3], 16) & _SAMPLED)
