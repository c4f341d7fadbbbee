"""A contract describes data. It neither selects code that a client imports nor files that the generator reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.client_generator.tests.generated import imported, write_client, write_contract

_CODE = "__import__('pathlib').Path('executed').touch()"


def _write(folder: Path, **schema: object) -> int:
    schemas = {"Thing": {"type": "object", "properties": {"a": schema}}}
    contract = write_contract(folder / "contract.json", {}, components={"schemas": schemas})
    return write_client(contract, folder / "untrusted")


@pytest.mark.parametrize(
    "keywords",
    [
        {"type": "string", "customTypePath": "antigravity.Base"},
        {"type": "object", "customBasePath": "antigravity.Base", "properties": {"b": {"type": "string"}}},
        {"type": "string", "x-python-type": "antigravity.Base"},
        {"type": "array", "items": {"type": "string", "customTypePath": "antigravity.Base"}},
    ],
)
def test_no_keyword_imports_a_module(tmp_path: Path, keywords: dict[str, Any]) -> None:
    """Keywords of the library that writes the models are without effect."""
    assert _write(tmp_path, **keywords) == 0
    assert "antigravity" not in (tmp_path / "untrusted" / "models.py").read_text()
    with imported(tmp_path / "untrusted") as package:
        assert package.Thing().a is None


@pytest.mark.parametrize("names", [[f"A\n{_CODE}", "B"], ["A B", "C"], "AB", [1, 2]])
def test_names_of_enum_values_are_identifiers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: object
) -> None:
    """`x-enum-varnames` names the members of the generated enum."""
    assert _write(tmp_path, **{"enum": ["a", "b"], "type": "string", "x-enum-varnames": names}) == 1
    assert "are not identifiers" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["{}#/Other", "file://{}#/Other"])
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "mapping"])
def test_no_reference_reads_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], keyword: str, form: str) -> None:
    """References to files are refused: the result would depend on the machine and could contain its files."""
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"Other": {"type": "object", "properties": {"secret": {"type": "string"}}}}))
    reference = form.format(other)
    schema: dict[str, object] = {keyword: reference}
    if keyword == "mapping":
        thing = {"$ref": "#/components/schemas/Thing"}
        schema = {"oneOf": [thing], "discriminator": {"propertyName": "a", "mapping": {"b": reference}}}
    assert _write(tmp_path, **schema) == 1
    assert "#/components/schemas/Thing/properties/a" in capsys.readouterr().err


@pytest.mark.parametrize(
    "keywords",
    [
        {"type": "string", "default": _CODE},
        {"type": "integer", "default": _CODE},
        {"type": "array", "items": {}, "default": _CODE},
        {"enum": [_CODE, f'x"""\n{_CODE}', f"\\'\n{_CODE}"]},
        {"const": f"'\n{_CODE}\n'"},
        {"type": "string", "pattern": f'"""{_CODE}'},
        {"type": "string", "description": f'"""\n{_CODE}\n"""\\', "title": f'"""\n{_CODE}'},
        {"type": "object", "properties": {f"b: int = {_CODE}": {}, f"c\n{_CODE}": {}, f'd"""{_CODE}': {}}},
    ],
)
def test_no_value_is_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keywords: dict[str, Any]) -> None:
    """Defaults, values of enums, patterns, descriptions and names of properties are never run as code."""
    monkeypatch.chdir(tmp_path)
    assert _write(tmp_path, **keywords) == 0
    with imported(tmp_path / "untrusted") as package:
        package.Thing.model_json_schema()
        package.Thing()
    assert not Path("executed").exists()
