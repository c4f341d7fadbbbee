"""The documentation of the settings, and what the serving process leaves out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from libs.web.command import run
from libs.web.configuration import table
from services.user_service.__main__ import SERVICE
from services.user_service.settings import UserSettings

_ROOT = Path(__file__).parents[3]
_LEFT_OUT = ("alembic", "pytest")


def test_the_page_lists_every_setting() -> None:
    """docs/configuration.md has the table that the code generates."""
    page = (_ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert table(UserSettings) in page, (
        "docs/configuration.md is behind: put there what `bazel run //services/user_service -- settings` prints"
    )


def test_no_setting_is_a_secret_with_a_default() -> None:
    """A setting for a password, secret or token is required, or its default is None."""
    for name, field in UserSettings.model_fields.items():
        is_secret = any(word in name for word in ("password", "secret", "token")) and not name.endswith(
            ("_file", "_seconds")
        )
        assert not is_secret or field.is_required() or field.default is None, f"{name} has a default"


def test_the_serving_process_leaves_migrations_out() -> None:
    """The modules of the serving process import neither alembic nor test tools, on either database."""
    program = (
        "import sys; import services.user_service.__main__, services.user_service.app, libs.web.server; "
        "import asyncpg, aiosqlite; "
        f"print(*(name for name in {_LEFT_OUT} if name in sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "ACCESS_TOKEN_SECONDS",
            "59",
            "USER_SERVICE_ACCESS_TOKEN_SECONDS: Input should be greater than or equal to 60",
        ),
        (
            "ACCESS_TOKEN_SECONDS",
            "1801",
            "USER_SERVICE_ACCESS_TOKEN_SECONDS: Input should be less than or equal to 1800",
        ),
        (
            "ACCESS_TOKEN_SECONDS",
            "900",
            "USER_SERVICE_ACCESS_TOKEN_SECONDS=900 is above USER_SERVICE_MAX_ACCESS_TOKEN_SECONDS=600",
        ),
        ("GRANTED_SCOPES", "users:admin", "USER_SERVICE_GRANTED_SCOPES: 'users:admin' is a scope of this service"),
        ("GRANTED_SCOPES", "tokens:introspect", "USER_SERVICE_GRANTED_SCOPES: 'tokens:introspect' is a scope of this"),
        ("GRANTED_SCOPES", "a:read b:read", "USER_SERVICE_GRANTED_SCOPES: 'a:read b:read' is not a scope"),
        ("GRANTED_SCOPES", '["a\\"b"]', "USER_SERVICE_GRANTED_SCOPES: 'a\"b' is not a scope"),
        ("GRANTED_SCOPES", "a" * 4097, "USER_SERVICE_GRANTED_SCOPES: the scopes have more than 4096 characters"),
    ],
)
def test_a_wrong_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, name: str, value: str, sentence: str
) -> None:
    """Lifetimes that exceed those of verifiers or keys, and scopes that may not be granted, are rejected at start."""
    monkeypatch.setenv(f"USER_SERVICE_{name}", value)
    assert run(SERVICE, ["--print-config"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"user_service: {sentence}")
    assert said.count("\n") == 1


def test_lifetimes_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A name with `token` in it is masked only where the value is one."""
    assert run(SERVICE, ["--print-config"]) == 0
    assert "USER_SERVICE_ACCESS_TOKEN_SECONDS=600\n" in capsys.readouterr().out
