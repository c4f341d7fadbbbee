"""The contract of a service as a file: `services/<name>/openapi.json`."""

import difflib
import json
import os
import sys
from pathlib import Path

from fastapi import FastAPI

_MAX_DIFF_LINES = 60


def document_text(app: FastAPI) -> str:
    """Return the OpenAPI document of `app` as the text of its file.

    Keys are sorted, so that moving code changes nothing. The lifespan of the application is not entered.
    """
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_document(name: str, text: str) -> int:
    """Write the contract of the service `name` into the source tree and return the exit code."""
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if workspace is None:
        return _fail(f"run `bazel run //services/{name}:openapi` in the source tree")
    path = Path(workspace, "services", name, "openapi.json")
    if path.exists() and path.read_text(encoding="utf-8") == text:
        sys.stderr.write(f"openapi: {path.relative_to(workspace)} is up to date\n")
        return 0
    path.write_text(text, encoding="utf-8")
    sys.stderr.write(f"openapi: wrote {path.relative_to(workspace)}\n")
    return 0


def check_document(name: str, text: str, *, path: Path) -> int:
    """Compare the contract of the service `name` in the file `path` with `text` and return the exit code."""
    command = f"bazel run //services/{name}:openapi"
    try:
        committed = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return _fail(f"services/{name}/openapi.json does not exist; write it by `{command}`")
    if committed == text:
        return 0
    difference = difflib.unified_diff(
        committed.splitlines(), text.splitlines(), "openapi.json", "application", n=2, lineterm=""
    )
    lines = list(difference)
    sys.stderr.writelines(f"{line}\n" for line in lines[:_MAX_DIFF_LINES])
    if len(lines) > _MAX_DIFF_LINES:
        sys.stderr.write(f"... {len(lines) - _MAX_DIFF_LINES} more lines\n")
    return _fail(f"services/{name}/openapi.json differs from the application's document; write it by `{command}`")


def _fail(reason: str) -> int:
    sys.stderr.write(f"openapi: {reason}\n")
    return 1
