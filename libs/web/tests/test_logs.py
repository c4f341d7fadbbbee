"""Format of the logs, and the secrets that are removed from them."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from opentelemetry import trace

from libs.web.logs import REDACTED, configure_logging, redact
from libs.web.settings import LogFormat, LogLevel, WebSettings
from libs.web.testing import running
from libs.web.tests.application import application


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "x"),
        ("new_password", "x"),
        ("Authorization", "Basic eDp5"),
        ("refresh_token", "x"),
        ("api-key", "x"),
        ("set-cookie", "x"),
        ("event", "got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"),
        ("event", "Authorization: Bearer abcdefghijklmnop"),
        ("url", "postgresql://ann:hunter2@db/users"),
        ("uri", "redis://:hunter2@cache:6379/0"),
        ("url", "postgresql://db/users?user=ann&password=hunter2&sslmode=require"),
        ("nested", {"client_secret": "x"}),
        ("nested", [{"password": "x"}]),
    ],
)
def test_secrets_are_removed_by_name_and_by_shape(name: str, value: object) -> None:
    """Secrets are removed from nested values too."""
    cleaned = json.dumps(redact(None, "", {name: value}))
    assert REDACTED in cleaned
    for secret in ("hunter2", "abcdefgh", "c2lnbmF0dXJl", '"x"', "eDp5"):
        assert secret not in cleaned


def test_what_is_no_secret_stays() -> None:
    """Times, paths and other values without secrets are kept."""
    event = {"event": "request", "path": "/products", "milliseconds": 1.5, "mail_password_file": "/run/secrets/mail"}
    assert redact(None, "", dict(event)) == event


async def test_a_request_that_crashes_leaves_one_id_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line is JSON, those of one request share its id, and no secret is in any."""
    configure_logging("info", "json")
    async with running(application()) as client:
        await client.post("/echo", json={"name": "x", "password": "canary-5e1f"})
        answer = await client.get("/crash", headers={"X-Request-ID": "crash-1"})
    logging.getLogger("elsewhere").warning("bearer %s", "canary-5e1f-and-more")
    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    assert answer.status_code == 500
    assert [line["request_id"] for line in lines if line["event"] == "request crashed"] == ["crash-1"]
    assert any("RuntimeError" in line.get("exception", "") for line in lines)
    assert "canary" not in written.replace("password=canary-5e1f", "")


def test_a_terminal_gets_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal gets readable lines instead of JSON, with the same content."""
    configure_logging("info", "console")
    structlog.get_logger("test").info("serving", address="127.0.0.1:1")
    assert "serving" in capsys.readouterr().err


def test_less_severe_events_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Events below the level of the setting are omitted."""
    configure_logging("error", "json")
    structlog.get_logger("test").warning("not this")
    structlog.get_logger("test").error("this")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["this"]


@dataclass
class Credentials:
    """A value that is no JSON, with a secret in it."""

    name: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.name})"


class Broken:
    """A value without a representation."""

    def __repr__(self) -> str:
        raise RuntimeError


def circular() -> dict[str, object]:
    """Return a value that contains itself."""
    value: dict[str, object] = {}
    value["self"] = value
    return value


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the lines that were logged; each is JSON."""
    return [json.loads(line) for line in capsys.readouterr().err.split("\n") if line]


@pytest.mark.parametrize(
    ("value", "logged"),
    [
        ("caf\xe9 \U0001f600", "caf\xe9 \U0001f600"),
        ("a\ud800b", "a?b"),
        ('"\\\n\x00', '"\\\n\x00'),
        ({1: "x", None: "y", ("a", "b"): "z", "\ud800": 1}, {"1": "x", "None": "y", "('a', 'b')": "z", "?": 1}),
        (2**64 - 1, 2**64 - 1),
        (2**64, "18446744073709551616"),
        (10**5000, "<int>"),
        (float("nan"), None),
        (datetime(2026, 11, 29, tzinfo=UTC), "2026-11-29T00:00:00+00:00"),
        (b"\xff", "b'\\xff'"),
        (Credentials("ann", "canary"), "Credentials(ann)"),
        ([Credentials("ann", "canary")], ["Credentials(ann)"]),
        (Broken(), "<Broken>"),
        ({"a": {"password": "canary"}}, {"a": {"password": REDACTED}}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_value_is_logged_as_one_line_of_json(
    capsys: pytest.CaptureFixture[str], value: object, logged: object
) -> None:
    """Values without a JSON type are logged by their `repr`."""
    configure_logging("info", "json")
    structlog.get_logger("test").info("event", value=value)
    (line,) = lines(capsys)
    assert line["value"] == logged


def test_a_value_that_contains_itself_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """Recursive values, and values that are nested too deeply, are cut off."""
    configure_logging("info", "json")
    structlog.get_logger("test").info("event", value=circular())
    (line,) = lines(capsys)
    assert "[too deep]" in str(line["value"])


def test_json_is_utf_8_in_every_locale() -> None:
    """The encoding is UTF-8 in every locale, because a log collector cannot detect the locale."""
    program = """
import structlog
from libs.web.logs import configure_logging
configure_logging("info", "json")
structlog.get_logger("test").info("caf\\xe9 \\u20ac")
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "latin-1"}
    written = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True).stderr
    assert json.loads(written.decode("utf-8"))["event"] == "caf\xe9 \u20ac"


@pytest.mark.parametrize(
    "path", ["/products/1", "/%22%5C%00", "/%ED%A0%80", "/eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbm4ifQ.c2ln"]
)
async def test_the_access_log_has_a_line_for_each_request(capsys: pytest.CaptureFixture[str], path: str) -> None:
    """Each line of the access log has the request id and no secrets."""
    configure_logging("info", "json")
    async with running(application(WebSettings(access_log=True))) as client:
        await client.get(path, headers={"X-Request-ID": "r1"})
    (line,) = [each for each in lines(capsys) if each["event"] == "request"]
    assert (line["method"], line["status"], line["request_id"], line["level"]) == ("GET", 404, "r1", "info")
    assert line["path"].startswith("/")
    assert "eyJ" not in line["path"]
    assert line["milliseconds"] > 0
    assert datetime.fromisoformat(line["timestamp"]).tzinfo == UTC
    assert "trace_id" not in line, "no span is recorded"


async def test_requests_are_not_logged_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Requests are not logged by default; metrics count them."""
    configure_logging("info", "json")
    async with running(application()) as client:
        await client.get("/livez")
    assert lines(capsys) == []


@pytest.mark.parametrize(("level", "log_format", "count"), [("warning", "json", 0), ("info", "console", 1)])
async def test_level_and_format_hold_for_the_access_log(
    capsys: pytest.CaptureFixture[str], level: LogLevel, log_format: LogFormat, count: int
) -> None:
    """A request is logged at `info`, in the format of all events."""
    configure_logging(level, log_format)
    async with running(application(WebSettings(access_log=True))) as client:
        await client.get("/livez")
    written = capsys.readouterr().err.splitlines()
    assert len(written) == count
    assert not any(line.startswith("{") for line in written)


def test_lines_name_the_current_span(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines have trace id and span id in the format of the W3C header."""
    configure_logging("info", "json")
    span = trace.NonRecordingSpan(trace.SpanContext(0xABC, 0xDEF, is_remote=False))
    with trace.use_span(span):
        structlog.get_logger("test").info("event")
    (line,) = lines(capsys)
    assert (line["trace_id"], line["span_id"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")


@pytest.mark.parametrize("name", ["uvicorn.error", "opentelemetry.trace.propagation.tracecontext"])
def test_warnings_that_any_client_can_provoke_are_not_logged(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Warnings that clients can cause are omitted; errors of the same loggers are logged."""
    configure_logging("debug", "json")
    logging.getLogger(name).warning("Invalid HTTP request received.")
    logging.getLogger(name).error("failed")
    assert [line["event"] for line in lines(capsys)] == ["failed"]


class _Full(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(28, "No space left on device")


async def test_a_log_that_cannot_be_written_fails_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests succeed even if the log cannot be written: the disk is full or the pipe is closed."""
    monkeypatch.setattr("sys.stderr", _Full())
    configure_logging("info", "json")
    async with running(application(WebSettings(access_log=True))) as client:
        assert (await client.get("/livez")).status_code == 200
