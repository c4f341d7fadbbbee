"""The documentation of the settings, and what the serving process leaves out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from libs.web.configuration import table
from services.product_service.settings import ProductSettings

_ROOT = Path(__file__).parents[3]
_LEFT_OUT = ("alembic", "pytest")


def test_the_page_lists_every_setting() -> None:
    """docs/configuration.md has the table that the code generates."""
    page = (_ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert table(ProductSettings) in page, (
        "docs/configuration.md is behind: put there what `bazel run //services/product_service -- settings` prints"
    )


@pytest.mark.parametrize("issuer", ["https://id.example.com", "https://id.example.com/"])
def test_the_issuers_keys_are_where_it_says(issuer: str) -> None:
    """The default URL of the keys is the `jwks_uri` of the issuer, with or without a slash at its end."""
    assert ProductSettings(issuer=issuer).keys_url == "https://id.example.com/.well-known/jwks.json"


def test_no_setting_is_a_secret_with_a_default() -> None:
    """A setting for a password, secret or token is required, or its default is None."""
    for name, field in ProductSettings.model_fields.items():
        is_secret = any(word in name for word in ("password", "secret", "token")) and not name.endswith("_seconds")
        assert not is_secret or field.is_required() or field.default is None, f"{name} has a default"


def test_the_serving_process_leaves_migrations_out() -> None:
    """The modules of the serving process import neither alembic nor test tools, on either database."""
    program = (
        "import sys; import services.product_service.__main__, services.product_service.app, libs.web.server; "
        "import asyncpg, aiosqlite; "
        f"print(*(name for name in {_LEFT_OUT} if name in sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
