"""Scopes of the environment's services reach the issuer."""

from pathlib import Path

import pytest

from tools.deploy.configuration import Configuration
from tools.deploy.errors import BadFileError
from tools.deploy.files import parse_toml
from tools.deploy.images import Image
from tools.deploy.plan import Plan, make_plan
from tools.deploy.records import Folder
from tools.deploy.scopes import grant_scopes

_PLAIN = "database = false\n"
_ISSUER = _PLAIN + "grants_scopes = true\n"


def _configurations(**texts: str) -> dict[str, Configuration]:
    return {name: parse_toml(text, Configuration, shown=name) for name, text in texts.items()}


def _declare(root: Path, name: str, text: str) -> None:
    file = root / "services" / name / "scopes.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _plan(root: Path, **texts: str) -> Plan:
    folder = root / "deploy/staging"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "environment.toml").write_text('registry = "localhost:5000"\nnamespace = "staging"\n')
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text)
    images = {
        name: Image(repository=f"localhost:5000/{name}", digest="sha256:" + "0" * 64, port=8000, user="1:1")
        for name in texts
    }
    return make_plan(
        Folder(path=folder, name="staging"), images, registry="localhost:5000", is_committed=True, contracts={}
    )


def test_the_issuer_grants_what_the_environments_services_declare(tmp_path: Path) -> None:
    """Services that are not configured in the environment do not count."""
    _declare(tmp_path, "orders", '["orders:read"]')
    _declare(tmp_path, "products", '["products:write", "products:read"]')
    granted = grant_scopes(_configurations(users=_ISSUER, products=_PLAIN), tmp_path / "services")
    assert granted["users"].settings == {"granted_scopes": ("products:read", "products:write")}
    assert granted["products"].settings == {}


@pytest.mark.parametrize("named", ['["payments:read"]', '"payments:read"'])
def test_scopes_named_by_hand_stay(tmp_path: Path, named: str) -> None:
    """A service of another repository has no declaration here."""
    _declare(tmp_path, "products", '["products:read"]')
    issuer = f"{_ISSUER}[settings]\ngranted_scopes = {named}\n"
    granted = grant_scopes(_configurations(users=issuer, products=_PLAIN), tmp_path / "services")
    assert granted["users"].settings == {"granted_scopes": ("payments:read", "products:read")}


def test_a_new_service_changes_the_issuers_manifest_and_not_its_image(tmp_path: Path) -> None:
    """The scopes arrive as a setting."""
    _declare(tmp_path, "orders", '["orders:read"]')
    [before] = _plan(tmp_path, users=_ISSUER).changes
    after = _plan(tmp_path, users=_ISSUER, orders=_PLAIN).changes[-1]
    assert (after.service, after.image) == ("users", before.image)
    assert "USERS_GRANTED_SCOPES" in after.manifest
    assert '["orders:read"]' in after.manifest
    assert "orders" not in before.manifest


def test_a_wrong_declaration_is_one_sentence(tmp_path: Path) -> None:
    """The file and the reason."""
    _declare(tmp_path, "products", '["products read"]')
    with pytest.raises(BadFileError) as found:
        _plan(tmp_path, users=_ISSUER, products=_PLAIN)
    assert str(found.value) == "services/products/scopes.json: 'products read' is not a scope such as products:read"
