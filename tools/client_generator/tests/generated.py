"""Clients that are generated for a test."""

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from tools.client_generator.__main__ import main

DIFFICULT = Path("tools/client_generator/tests/difficult.json")
REAL = {name: Path(f"services/{name}/openapi.json") for name in ("product_service", "user_service")}


def write_client(contract: Path, folder: Path) -> int:
    """Write the client of a contract into `folder`, which is named for the service, and return the exit code."""
    stripped = folder / "contract.json"
    return main(["strip", f"--contract={contract}", f"--output={stripped}"]) or main(
        ["generate", f"--service={folder.name}", f"--contract={stripped}", f"--output={folder}"]
    )


def write_contract(path: Path, operation: dict[str, Any], **document: object) -> Path:
    """Write a contract with one operation, `GET /x`, which has a response without content by default."""
    described = {"operationId": "read_x", "responses": {"204": {"description": "ok"}}} | operation
    whole = {"openapi": "3.1.0", "info": {"title": "X", "version": "1.0.0"}, "paths": {"/x": {"get": described}}}
    path.write_text(json.dumps(whole | document), encoding="utf-8")
    return path


@contextmanager
def imported(folder: Path) -> Iterator[ModuleType]:
    """Import a generated client as a separate package and remove it afterwards."""
    sys.path.insert(0, str(folder.parent))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(folder.name)
    finally:
        sys.path.remove(str(folder.parent))
        for name in [each for each in sys.modules if each.partition(".")[0] == folder.name]:
            del sys.modules[name]
