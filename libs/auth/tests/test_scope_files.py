"""Scopes that services declare for the issuer."""

from pathlib import Path

import pytest

from libs.auth.scope_files import InvalidScopeFile, declared_scopes, required_scopes


def _declare(services: Path, name: str, text: str) -> None:
    (services / name).mkdir()
    (services / name / "scopes.json").write_text(text, encoding="utf-8")


def test_declarations_of_all_services_are_found(tmp_path: Path) -> None:
    """A new service folder is found without being listed; one without the file declares nothing."""
    _declare(tmp_path, "orders", '["orders:write", "products:read"]')
    _declare(tmp_path, "products", '["products:read"]')
    (tmp_path / "users").mkdir()
    assert declared_scopes(tmp_path) == ("orders:write", "products:read")
    assert declared_scopes(tmp_path, ["products", "users", "absent"]) == ("products:read",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '"products:read"',
        "[1]",
        "[" * 100_000,
        '["products read"]',
        '["products:"]',
        '["Products:read"]',
        "[''']",
    ],
)
def test_another_form_is_rejected(tmp_path: Path, text: str) -> None:
    """The error names the file."""
    _declare(tmp_path, "products", text)
    with pytest.raises(InvalidScopeFile, match=r"products/scopes.json: "):
        declared_scopes(tmp_path)


def test_required_scopes_are_those_of_every_operation() -> None:
    """Operations without a security requirement add no scopes."""
    document = {
        "paths": {
            "/a": {
                "get": {"security": [{"accessToken": ["a:read"]}]},
                "put": {"security": [{"accessToken": ["a:write"]}]},
            },
            "/b": {"get": {}},
        }
    }
    assert required_scopes(document) == {"a:read", "a:write"}
