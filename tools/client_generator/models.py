"""Write the models of a contract's schemas by datamodel-code-generator."""

import ast
import json
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from datamodel_code_generator.__main__ import Exit, main

from tools.client_generator.errors import ContractError
from tools.client_generator.keywords import standard_keywords
from tools.client_generator.names import class_name

Json = dict[str, Any]

_HEADER = '"""Models of the contract\'s schemas. Generated: edit the service and write its openapi.json again."""'
_FLAGS = (
    "--input-file-type=openapi",
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-python-version=3.11",
    "--openapi-scopes=schemas",
    # Other formatters would be started from PATH.
    "--formatters=builtin",
    "--disable-timestamp",
    "--ignore-pyproject",
    "--set-default-enum-member",
    # Without it, an optional field with a default may be null.
    "--strict-nullable",
    # mypy does not read calls such as `conint(ge=0)` in annotations.
    "--use-annotated",
    # A field such as `in`, which is `in_` in Python, can be set by its Python name.
    "--allow-population-by-field-name",
    "--type-mappings",
    # SecretStr is serialized as asterisks, and EmailStr needs an additional library.
    "email=string",
    "password=string",
)


def write_models(document: Json, path: Path) -> list[str]:
    """Write a module with a class for each schema and return the names of the classes.

    Raises:
        ContractError: the schemas cannot be read, refer to other documents, or one has no class of its name.
    """
    schemas = document.get("components", {}).get("schemas", {})
    names = sorted(map(class_name, schemas))
    if twice := [name for name, after in pairwise(names) if name == after]:
        raise ContractError("#/components/schemas", f"more than one schema gives the class {twice[0]}; rename one")
    if not schemas:
        path.write_text(f"{_HEADER}\n", encoding="utf-8")
        return []
    schemas = {name: standard_keywords(each, f"#/components/schemas/{name}") for name, each in schemas.items()}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "contract.json")
        header = Path(folder, "header.txt")
        header.write_text(_HEADER, encoding="utf-8")
        minimal = {"openapi": "3.1.0", "info": document["info"], "paths": {}, "components": {"schemas": schemas}}
        source.write_text(json.dumps(minimal), encoding="utf-8")
        arguments = [f"--input={source}", f"--output={path}", f"--custom-file-header-path={header}", *_FLAGS]
        if main(arguments) is not Exit.OK:
            raise ContractError("#/components/schemas", "datamodel-code-generator cannot read them")
    defined = {each.name for each in ast.parse(path.read_text("utf-8")).body if isinstance(each, ast.ClassDef)}
    if missing := [name for name in names if name not in defined]:
        raise ContractError(f"#/components/schemas/{missing[0]}", "it gives no class of this name; rename it")
    return sorted(defined)
