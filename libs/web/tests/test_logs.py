"""What is in the logs, and what never is."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from libs.web.logs import REDACTED, configure_logging, redact
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
    """Whatever they hide in."""
    cleaned = json.dumps(redact(None, "", {name: value}))
    assert REDACTED in cleaned
    for secret in ("hunter2", "abcdefgh", "c2lnbmF0dXJl", '"x"', "eDp5"):
        assert secret not in cleaned


def test_what_is_no_secret_stays() -> None:
    """Times and paths are what a log is for."""
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
    """Not JSON, but the same content."""
    configure_logging("info", "console")
    structlog.get_logger("test").info("serving", address="127.0.0.1:1")
    assert "serving" in capsys.readouterr().err


def test_less_severe_events_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The level is a setting."""
    configure_logging("error", "json")
    structlog.get_logger("test").warning("not this")
    structlog.get_logger("test").error("this")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["this"]
