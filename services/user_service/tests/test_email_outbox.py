"""The service warns at start if it prints emails outside development."""

import sys
from pathlib import Path

import pytest

from libs.web.testing import running
from services.user_service.app import create_app
from services.user_service.settings import UserSettings


@pytest.fixture(autouse=True)
def _container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the service as in a container: without a terminal and without `bazel run`."""
    monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)


async def _warnings(settings: UserSettings, caplog: pytest.LogCaptureFixture) -> list[str]:
    async with running(create_app(settings)):
        return [record.getMessage() for record in caplog.records if "USER_SERVICE_MAIL" in record.getMessage()]


async def test_the_default_of_printing_emails_is_warned_about(
    settings: UserSettings, caplog: pytest.LogCaptureFixture
) -> None:
    """One log line names the setting to change and its possible values."""
    (warning,) = await _warnings(settings, caplog)
    assert "set USER_SERVICE_MAIL to smtps://USER@HOST" in warning


async def test_emails_that_are_not_printed_need_no_warning(
    settings: UserSettings, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A folder or a mail server is a valid choice outside development."""
    assert await _warnings(settings.model_copy(update={"mail": f"folder:{tmp_path}"}), caplog) == []


async def test_printing_emails_under_bazel_run_needs_no_warning(
    settings: UserSettings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under `bazel run` printing emails is intended, since a developer has no mail server."""
    monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", "/workspace")
    assert await _warnings(settings, caplog) == []


async def test_printing_emails_in_a_terminal_needs_no_warning(
    settings: UserSettings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a terminal printing emails is intended, since the developer reads them there."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert await _warnings(settings, caplog) == []
