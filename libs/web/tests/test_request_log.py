"""The quick way of logging a request says what the slow way says."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from starlette.types import Scope

from libs.web import context
from libs.web.logs import configure_logging
from libs.web.metrics import Metrics
from libs.web.observer import Observer
from libs.web.request_log import RequestLog
from libs.web.settings import LogFormat, LogLevel

PATHS = ["/products/1", '/"\\\n\x00', "/ä\ud800\U0001f600", "/verify/eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm4ifQ.c2ln"]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def _scope(path: str) -> Scope:
    return {"type": "http", "method": "GET", "path": path, "scheme": "http"}


def _observe(path: str) -> None:
    identity = context.enter(b"r1", None)
    observer = Observer(Metrics(), access_log=True, spans=None)
    observer.observe(_scope(path), identity, status=404, seconds=0.0123456)


def _line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().err.splitlines()
    event: dict[str, Any] = json.loads(line)
    moment = datetime.fromisoformat(event.pop("timestamp"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert len(event.pop("trace_id")) == 32
    return event


@pytest.mark.parametrize("path", PATHS)
def test_both_ways_write_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Names, values, escapes and what is redacted."""
    configure_logging("info", "json")
    _observe(path)
    quick = _line(capsys)
    monkeypatch.setattr(RequestLog, "write", lambda *_, **__: False)
    _observe(path)
    assert quick == _line(capsys)
    assert "eyJ" not in str(quick)


@pytest.mark.parametrize(("level", "form", "lines"), [("warning", "json", 0), ("info", "console", 1)])
def test_level_and_form_are_the_settings(
    capsys: pytest.CaptureFixture[str],
    level: LogLevel,
    form: LogFormat,
    lines: int,
) -> None:
    """A request is logged at `info`, and on a terminal as everything else is."""
    configure_logging(level, form)
    _observe("/")
    written = capsys.readouterr().err.splitlines()
    assert len(written) == lines
    assert not any(line.startswith("{") for line in written)


class _Full(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_fails_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the chain has it: whoever reads the log may be gone."""
    monkeypatch.setattr("sys.stderr", _Full())
    configure_logging("info", "json")
    _observe("/")
