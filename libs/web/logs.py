"""Structured logs: one JSON object a line, or coloured lines on a terminal; secrets removed."""

import io
import logging
import re
import sys
from collections.abc import Mapping
from typing import Final

import orjson
import structlog
from opentelemetry import trace
from structlog.types import EventDict, Processor

from libs.web import context
from libs.web.settings import LogFormat, LogLevel

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(
    r"password|passwd|secret|token|authorization|cookie|credential|private|api[_-]?key", re.IGNORECASE
)
# The path of a file that holds a secret is not secret, nor is the lifetime of a token.
_PUBLIC_NAME = re.compile(r"_(file|dir|seconds)$", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JWT, wherever it got into a message
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # the user part of a URL
    r"|(?i:(?<=[?&]password=)[^&\s]+)"  # and where libpq takes a password too
    r"|(?i:(?<=bearer )[\w.~+/=-]{8,})"
)

_MIN_INT: Final = -(2**63)
_MAX_INT: Final = 2**64 - 1
_MAX_DEPTH: Final = 8
_TOO_DEEP: Final = "[too deep]"
# A dataclass is written as its representation, which may mask secrets, not field by field.
_ORJSON_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_NON_STR_KEYS


def configure_logging(level: LogLevel, log_format: LogFormat) -> None:
    """Send everything, the standard library's loggers too, through one chain to stderr."""
    readable = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if not readable and isinstance(sys.stderr, io.TextIOWrapper):
        # JSON is UTF-8 in every locale (RFC 8259, section 8.1).
        sys.stderr.reconfigure(encoding="utf-8")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(readable=readable),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # stamina warns of each retry. Any client can provoke the warnings of the others: by a malformed request or trace.
    for quiet in ("stamina", "uvicorn.error", "opentelemetry.trace"):
        logging.getLogger(quiet).setLevel(logging.ERROR)
    for chatty in ("httpx2", "httpcore2", "asyncio", "aiosqlite", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _shared() -> list[Processor]:
    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request,
    ]


def _renderers(*, readable: bool) -> list[Processor]:
    if readable:
        return [redact, structlog.dev.ConsoleRenderer()]
    return [
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(serializer=_serialize),
    ]


def _serialize(event: EventDict, **_: object) -> str:
    """Return the event as JSON. `redact` has made it serializable."""
    return orjson.dumps(event, default=_text, option=_ORJSON_OPTIONS).decode("utf-8")


def _add_request(_: object, __: str, event: EventDict) -> EventDict:
    if request_id := context.request_id():
        event["request_id"] = request_id
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = trace.format_trace_id(span.trace_id)
        event["span_id"] = trace.format_span_id(span.span_id)
    return event


def redact(_: object, __: str, event: EventDict) -> EventDict:
    """Replace values whose name denotes a secret, and secrets of a known form in any text.

    Also makes every value serializable: keys are text, text is valid Unicode, integers fit into 64 bits, and
    containers are nested at most eight deep.
    """
    return {clean_text(name): _clean(name, value, _MAX_DEPTH) for name, value in event.items()}


def clean_text(text: str) -> str:
    """Return the text without secrets of a known shape, and with `?` for lone surrogates."""
    cleaned = _SECRET_TEXT.sub(REDACTED, text)
    return cleaned if cleaned.isascii() else cleaned.encode("utf-8", "replace").decode("utf-8")


def _clean(name: str, value: object, depth: int) -> object:
    if _SECRET_NAME.search(name) and not _PUBLIC_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int) and not _MIN_INT <= value <= _MAX_INT:
        return _text(value)
    if isinstance(value, Mapping | list | tuple):
        return _clean_container(value, depth - 1) if depth else _TOO_DEEP
    return value


def _clean_container(value: Mapping[object, object] | list[object] | tuple[object, ...], depth: int) -> object:
    if not isinstance(value, Mapping):
        return [_clean("", each, depth) for each in value]
    named = ((key if isinstance(key, str) else _text(key), each) for key, each in value.items())
    return {clean_text(name): _clean(name, each, depth) for name, each in named}


def _text(value: object) -> str:
    """Return the representation of a value that is no JSON."""
    try:
        return clean_text(repr(value))
    except Exception:  # noqa: BLE001  # a log line is written whatever `__repr__` raises
        return f"<{type(value).__name__}>"
