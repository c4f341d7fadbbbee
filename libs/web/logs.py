"""Structured logs: one JSON object a line, or coloured lines on a terminal; secrets removed."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import TextIO

import structlog
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


def configure_logging(level: LogLevel, log_format: LogFormat) -> None:
    """Send everything, the standard library's loggers too, through one chain to stderr."""
    readable = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = (logging.StreamHandler if readable else _JsonHandler)(sys.stderr)
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
    # A retried transaction is no news; stamina logs each.
    logging.getLogger("stamina").setLevel(logging.ERROR)
    for chatty in ("httpx2", "httpcore2", "asyncio", "aiosqlite", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def json_stream() -> TextIO | None:
    """The stream that takes JSON lines; None while logs are for people, or nobody has configured them."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _JsonHandler):
            return handler.stream
    return None


class _JsonHandler(logging.StreamHandler[TextIO]):
    """Writes JSON, a line for each event."""


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
        structlog.processors.JSONRenderer(ensure_ascii=True),
    ]


def _add_request(_: object, __: str, event: EventDict) -> EventDict:
    if serving := context.current():
        event["request_id"] = serving.request_id
        event["trace_id"] = serving.trace_id
    return event


def redact(_: object, __: str, event: EventDict) -> EventDict:
    """Replace values whose name says secret, and secrets whose shape we know in any text."""
    return {name: _clean(name, value) for name, value in event.items()}


def clean_text(text: str) -> str:
    """The text without secrets of a shape that we know."""
    return _SECRET_TEXT.sub(REDACTED, text)


def _clean(name: str, value: object) -> object:
    if _SECRET_NAME.search(name) and not _PUBLIC_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, MutableMapping):
        return {key: _clean(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", each) for each in value]
    return value
