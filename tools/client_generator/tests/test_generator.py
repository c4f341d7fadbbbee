"""Generated clients are typed and reproducible, and contracts that have no equivalent in Python are refused."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mypy.api
import pytest

from tools.client_generator.tests.generated import DIFFICULT, REAL, imported, write_client, write_contract

_CONTRACTS = {"difficult": DIFFICULT, **REAL}


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_generated_code_has_strict_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`mypy --strict` accepts the clients of both services and of the difficult contract, and a wrong use fails."""
    for name, contract in _CONTRACTS.items():
        assert write_client(contract, tmp_path / name) == 0
    (tmp_path / "use.py").write_text(
        "from user_service import UserServiceClient, UserView\n"
        "async def names(client: UserServiceClient) -> int:\n"
        "    user: UserView = await client.read_me()\n"
        "    return user.name\n"
    )
    monkeypatch.setenv("MYPYPATH", f"{tmp_path}{os.pathsep}{Path.cwd()}")
    output, errors, status = mypy.api.run(
        ["--config-file=pyproject.toml", f"--cache-dir={tmp_path / 'cache'}", "--no-error-summary"]
        + [option for name in (*_CONTRACTS, "use") for option in ("-p", name)]
    )
    found = output.splitlines()
    assert (len(found), errors, status) == (1, "", 1), output
    assert 'Incompatible return value type (got "str", expected "int")' in found[0]


@pytest.mark.parametrize("name", _CONTRACTS)
def test_the_same_contract_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    """The output does not depend on the hash seed, the folder and the commands on PATH."""
    written = []
    for seed in ("1", "2"):
        folder = tmp_path / seed / name
        environment = {"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        code = (
            "import sys; from pathlib import Path; from tools.client_generator.tests.generated import write_client; "
            "sys.exit(write_client(Path(sys.argv[1]), Path(sys.argv[2])))"
        )
        command = [sys.executable, "-c", code, str(_CONTRACTS[name]), str(folder)]
        subprocess.run(command, env=environment, check=True)
        written.append(_files(folder))
    assert written[0] == written[1]
    assert set(written[0]) == {"__init__.py", "api.py", "contract.json", "models.py", "testing.py"}
    assert str(tmp_path).encode() not in b"".join(written[0].values())


def test_texts_for_readers_change_no_client(tmp_path: Path) -> None:
    """Changed descriptions, titles, examples and versions change no client; fields with such names are kept."""
    text = DIFFICULT.read_text()
    assert write_client(DIFFICULT, tmp_path / "a" / "difficult") == 0
    changes = {
        "Cases that are difficult for generators.": "Edited.",
        "A method that would stand": "Edited",
        "A colour.": "Edited.",
        '"A thing"': '"Edited"',
        '"examples": ["x"]': '"examples": ["y"]',
        "3.2.1": "3.2.2",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    edited = tmp_path / "edited.json"
    edited.write_text(text)
    assert write_client(edited, tmp_path / "b" / "difficult") == 0
    assert _files(tmp_path / "a" / "difficult") == _files(tmp_path / "b" / "difficult")
    assert b"title: str" in _files(tmp_path / "a" / "difficult")["models.py"]


def test_a_changed_schema_changes_the_client(tmp_path: Path) -> None:
    """A field that becomes nullable changes the models."""
    document = json.loads(REAL["user_service"].read_text())
    document["components"]["schemas"]["UserView"]["properties"]["name"] = {"type": ["string", "null"]}
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(document))
    assert write_client(REAL["user_service"], tmp_path / "a" / "user_service") == 0
    assert write_client(edited, tmp_path / "b" / "user_service") == 0
    changed = {
        name
        for name, content in _files(tmp_path / "a" / "user_service").items()
        if content != _files(tmp_path / "b" / "user_service")[name]
    }
    assert changed == {"contract.json", "models.py"}


def test_the_package_has_all_names(tmp_path: Path) -> None:
    """The client, the models and what methods with headers return are imported from the package itself."""
    folder = tmp_path / "product_service"
    assert write_client(REAL["product_service"], folder) == 0
    with imported(folder) as package:
        assert {"ProductServiceClient", "ProductView", "ProductSort", "ReadProductResponse"} <= set(package.__all__)
        assert all(hasattr(package, name) for name in package.__all__)


_JSON: dict[str, Any] = {"application/json": {"schema": {}}}
_QUERY: dict[str, Any] = {"name": "a", "in": "query", "schema": {"type": "string"}}


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ({"operationId": ""}, "GET /x: it has no operationId"),
        ({"responses": {"404": {"description": ""}}}, "GET /x (read_x): it has no successful response"),
        (
            {"parameters": [_QUERY | {"in": "cookie"}]},
            "the parameter a is in cookie; supported are path, query, header",
        ),
        ({"parameters": [_QUERY | {"style": "deepObject"}]}, "the query parameter a has a style other than form"),
        ({"parameters": [_QUERY | {"schema": {"type": "object"}}]}, "the query parameter a is no single value"),
        ({"parameters": [{"name": "a", "in": "query", "content": _JSON}]}, "the parameter a has no schema"),
        ({"parameters": [{"$ref": "#/components/parameters/No"}]}, "#/components/parameters/No does not exist"),
        ({"requestBody": {"content": _JSON | {"text/csv": {}}}}, "a body has 2 content types"),
        ({"requestBody": {"content": {"multipart/form-data": {}}}}, "a body is multipart/form-data"),
        (
            {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/paths/x"}}}}},
            "the reference #/paths/x is not one to a schema",
        ),
        (
            {"requestBody": {"content": {"application/json": {"schema": {"type": "decimal"}}}}},
            "the type decimal is not one of JSON Schema",
        ),
    ],
)
def test_what_has_no_equivalent_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], operation: dict[str, Any], reason: str
) -> None:
    """One sentence names the operation and the reason, and no client is written."""
    contract = write_contract(tmp_path / "contract.json", operation)
    assert write_client(contract, tmp_path / "x_service") == 1
    said = capsys.readouterr().err
    assert said.startswith("client_generator: ")
    assert said.count("\n") == 1
    assert "GET /x" in said
    assert reason in said
    assert not (tmp_path / "x_service/api.py").exists()


@pytest.mark.parametrize(
    ("schemas", "reason"),
    [
        ({"XServiceClient": {"type": "object", "properties": {}}}, "the client has a class of this name; rename it"),
        ({"a-b": {"type": "object"}, "aB": {"type": "object"}}, "more than one schema gives the class AB; rename one"),
    ],
)
def test_names_of_schemas_are_distinct(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], schemas: dict[str, Any], reason: str
) -> None:
    """A schema must not have the name of another class of the client."""
    contract = write_contract(tmp_path / "contract.json", {}, components={"schemas": schemas})
    assert write_client(contract, tmp_path / "x_service") == 1
    assert reason in capsys.readouterr().err


def test_an_undescribed_path_parameter_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the parameter the client cannot build the path."""
    operation = {"operationId": "read_x", "responses": {"204": {"description": "ok"}}}
    contract = write_contract(tmp_path / "contract.json", {}, paths={"/x/{id}": {"get": operation}})
    assert write_client(contract, tmp_path / "x_service") == 1
    assert "GET /x/{id} (read_x): the path parameter id is not described" in capsys.readouterr().err


def test_two_operations_of_one_method_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`readX` and `read_x` would be the same method."""
    one = {"operationId": "read_x", "responses": {"204": {"description": "ok"}}}
    contract = write_contract(
        tmp_path / "contract.json", {}, paths={"/x": {"get": one, "put": one | {"operationId": "readX"}}}
    )
    assert write_client(contract, tmp_path / "x_service") == 1
    assert "more than one operation gives the method read_x" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"paths": 1}', '{"paths": {"/x": {"get": {"operationId": 1}}}}'])
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """The error is one line without a traceback."""
    contract = tmp_path / "contract.json"
    contract.write_text(text)
    assert write_client(contract, tmp_path / "x_service") == 1
    said = capsys.readouterr().err
    assert said.startswith(f"client_generator: {tmp_path}")
    assert said.count("\n") == 1
