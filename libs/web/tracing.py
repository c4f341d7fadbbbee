"""Spans: what this process did for a trace and how long it took, as OpenTelemetry has them.

Names of attributes are those of its semantic conventions for HTTP.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Kind(IntEnum):
    """On which side of a call the span is; the numbers are the protocol's."""

    SERVER = 2
    CLIENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One piece of work; `began` and `ended` are nanoseconds since 1970."""

    name: str
    kind: Kind
    trace_id: str
    span_id: str
    parent_id: str | None
    tracestate: str
    began: int
    ended: int
    attributes: Mapping[str, str | int]
    failed: bool


class Spans(Protocol):
    """Where finished spans go."""

    def record(self, span: Span) -> None:
        """Take a span. Never waits and never fails."""


def new_span_id() -> str:
    """An id that no other span has."""
    return secrets.token_hex(8)
